import type { Verifier } from '@meridian/chain-view';
import { softwareKeystore } from '@meridian/keystore';
import type { NodePool } from '@meridian/node-pool';
import { level, round, slot, toBase58, type ChainId } from '@meridian/tezos';
import { voteSignBytes } from '@meridian/tezos/forge';
import { stepLine, type LineEvent, type LineState } from '@meridian/vote-line';
import { signRequest } from '@meridian/watermark';
import { openJournal, openSqliteStore } from '@meridian/watermark-store';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { provisionFirstUse, type Workshop } from '../../start/workshop.ts';

/* The least that a vote costs, part by part, each measured alone in the same run: all in milliseconds, one a call. */

const TIMES = 100;
const REST_MS = 10;

/** A step that led to a request to sign, with the state that it was taken in. */
export type Stepped = { readonly before: LineState; readonly event: LineEvent };

/** Judging what came and deciding to vote: the very step again, which is pure. */
export async function stepMs(
  steps: readonly Stepped[],
  verifier: Verifier,
): Promise<readonly number[]> {
  const took: number[] = [];
  for (const { before, event } of steps) {
    const startedAt = performance.now();
    stepLine(before, verifier, event);
    took.push(performance.now() - startedAt);
    await rest();
  }
  return took;
}

/** A question to the signer that needs no store and no key, over a connection that is kept. */
export async function roundTripMs(signer: string): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const sent = request(`${signer}/authorized_keys`, { agent }, response => {
        response.resume().once('end', resolve);
      });
      sent.once('error', reject).end();
    });
  const took = await timed(ask);
  agent.destroy();
  return took;
}

/** A mark made durable, in a store of its own beside the signer's. */
export async function commitMs(workshop: Workshop, chainId: ChainId): Promise<readonly number[]> {
  const [{ pkh }] = workshop.keys;
  const store = {
    keys: workshop.keys,
    store: join(workshop.folder, 'parts'),
    journal: join(workshop.folder, 'parts-journal.sqlite'),
  };
  await provisionFirstUse(store, chainId);
  const open = openSqliteStore(store.store, openJournal(store.journal));
  const [row] = await open.read(chainId, pkh);
  if (row === undefined) throw new Error('the store was provisioned');
  let at = 1;
  const took = await timed(async () => {
    const bytes = voteBytes(chainId, (at += 1));
    const permitted = await open.advance(signRequest(pkh, bytes, row));
    if (!permitted.ok) throw new Error(permitted.error.code);
  });
  await open.close();
  return took;
}

/** The signature alone. */
export async function signatureMs(
  { keys: [{ secretFile, pkh }] }: Workshop,
  chainId: ChainId,
): Promise<readonly number[]> {
  const keystore = softwareKeystore([{ name: 'parts', secretFile }]);
  let at = 1;
  return timed(async () => {
    await keystore.sign(pkh, voteBytes(chainId, (at += 1)));
  });
}

/** An operation handed to the first of all nodes. */
export async function handOverMs(pool: NodePool, operation: string): Promise<readonly number[]> {
  const took: number[] = [];
  for (let time = 0; time < TIMES; time += 1) {
    const startedAt = performance.now();
    const injection = pool.inject(operation);
    await injection.handedOver;
    took.push(performance.now() - startedAt);
    await injection.receipts;
    await rest();
  }
  return took;
}

/** Votes come one at a time with rests between them; a part that is called without rest is faster than it ever is. */
function rest(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, REST_MS));
}

async function timed(act: () => Promise<void>): Promise<readonly number[]> {
  const took: number[] = [];
  for (let time = 0; time < TIMES; time += 1) {
    const startedAt = performance.now();
    await act();
    took.push(performance.now() - startedAt);
    await rest();
  }
  return took;
}

function voteBytes(chainId: ChainId, at: number): Uint8Array {
  const hash = new Uint8Array(32).fill(3);
  const vote = {
    kind: 'attestation',
    slot: slot(1),
    level: level(at),
    round: round(0),
    block_payload_hash: toBase58('payloadHash', hash),
  } as const;
  const branch = toBase58('blockHash', hash);
  return voteSignBytes(chainId, { branch, contents: [vote] }, 'plain');
}
