import { checkJobs, type Job, type Verifier } from '@meridian/chain-view';
import { softwareKeystore } from '@meridian/keystore';
import type { NodePool } from '@meridian/node-pool';
import { level, round, slot, toBase58 } from '@meridian/tezos';
import type { ChainId, PublicKeyHash } from '@meridian/tezos';
import { voteModeOf, voteSignBytes } from '@meridian/tezos/forge';
import { stepLine, type LineEvent, type LineState } from '@meridian/vote-line';
import { signRequest } from '@meridian/watermark';
import { openJournal, openSqliteStore } from '@meridian/watermark-store';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { keysOf, provisionFirstUse, type Workshop } from '../../start/workshop.ts';

/* The least that a vote costs, part by part, each measured alone in the same run: all in milliseconds, one vote a call or all
 * votes on a block at once. */

const REST_MS = 10;

/** How often a part is measured, and how many votes go through it at once. */
export type Load = { readonly times: number; readonly votes: number };

/** Connections that the endorser has to a signer at most. */
const CONNECTIONS = 64;

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

/** Checking what completed a prequorum, without a thread around it. */
export async function checkMs(
  batches: readonly (readonly Job[])[],
  verifier: Verifier,
): Promise<readonly number[]> {
  const took: number[] = [];
  for (const jobs of batches) {
    const startedAt = performance.now();
    checkJobs(verifier, jobs);
    took.push(performance.now() - startedAt);
    await rest();
  }
  return took;
}

/** A question to the signer that needs no store and no key, over connections that are kept. */
export async function roundTripMs(signer: string, load: Load): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: Math.min(load.votes, CONNECTIONS) });
  const ask = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const sent = request(`${signer}/authorized_keys`, { agent }, response => {
        response.resume().once('end', resolve);
      });
      sent.once('error', reject).end();
    });
  const took = await timed(load, ask);
  agent.destroy();
  return took;
}

/** A mark made durable, in a store of its own beside the signer's. */
export async function commitMs(
  workshop: Workshop,
  chainId: ChainId,
  load: Load,
): Promise<readonly number[]> {
  const store = {
    keys: workshop.keys,
    store: join(workshop.folder, 'parts'),
    journal: join(workshop.folder, 'parts-journal.sqlite'),
  };
  await provisionFirstUse(store, chainId);
  const open = openSqliteStore(store.store, openJournal(store.journal));
  const rows = await Promise.all(
    workshop.keys.map(async ({ pkh }) => {
      const [row] = await open.read(chainId, pkh);
      if (row === undefined) throw new Error('the store was provisioned');
      return { pkh, row };
    }),
  );
  const took = await timed(load, async (time, vote) => {
    const { pkh, row } = rows[vote] ?? noKey();
    const bytes = voteBytes(chainId, pkh, time);
    const permitted = await open.advance(signRequest(pkh, bytes, row));
    if (!permitted.ok) throw new Error(permitted.error.code);
  });
  await open.close();
  return took;
}

/** The signature alone. */
export async function signatureMs(
  workshop: Workshop,
  chainId: ChainId,
  load: Load,
): Promise<readonly number[]> {
  const keystore = softwareKeystore(keysOf(workshop));
  return timed(load, async (time, vote) => {
    const { pkh } = workshop.keys[vote] ?? noKey();
    await keystore.sign(pkh, voteBytes(chainId, pkh, time));
  });
}

/** Operations handed each to the first of all nodes. */
export async function handOverMs(
  pool: NodePool,
  operations: readonly string[],
  { times }: Load,
): Promise<readonly number[]> {
  const took: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const startedAt = performance.now();
    const injections = operations.map(operation => pool.inject(operation));
    await Promise.all(injections.map(({ handedOver }) => handedOver));
    took.push(performance.now() - startedAt);
    await Promise.all(injections.map(({ receipts }) => receipts));
    await rest();
  }
  return took;
}

/** Votes come one at a time with rests between them; a part that is called without rest is faster than it ever is. */
function rest(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, REST_MS));
}

async function timed(
  { times, votes }: Load,
  act: (time: number, vote: number) => Promise<void>,
): Promise<readonly number[]> {
  const took: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: votes }, (_, vote) => act(time, vote)));
    took.push(performance.now() - startedAt);
    await rest();
  }
  return took;
}

function noKey(): never {
  throw new Error('every vote has its key');
}

/** The vote of a key at the level of this time, none of which is the first. */
function voteBytes(chainId: ChainId, pkh: PublicKeyHash, time: number): Uint8Array {
  const hash = new Uint8Array(32).fill(3);
  const vote = {
    kind: 'attestation',
    slot: slot(1),
    level: level(time + 2),
    round: round(0),
    block_payload_hash: toBase58('payloadHash', hash),
  } as const;
  const branch = toBase58('blockHash', hash);
  return voteSignBytes(chainId, { branch, contents: [vote] }, voteModeOf(pkh));
}
