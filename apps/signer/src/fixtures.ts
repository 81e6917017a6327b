import { createHash } from 'node:crypto';
import type { Keystore } from '@meridian/keystore';
import { assert, duration, err, instant } from '@meridian/prelude';
import { protocolProblem } from '@meridian/signer-protocol';
import { level, PROTOCOLS, round, slot, toBase58, writeFitness } from '@meridian/tezos';
import type { ChainId, PublicKeyHash, SecretKey, Signature } from '@meridian/tezos';
import { provePossession, publicKeyHashOf, publicKeyOf } from '@meridian/tezos/crypto';
import { secretKeyOfSeed, sign } from '@meridian/tezos/crypto';
import { blockSignBytes, encode, unsignedBlockHeader, voteSignBytes } from '@meridian/tezos/forge';
import { NO_MAX_LEVEL, type Kind, type Row } from '@meridian/watermark';
import { changeOf, changeOfRows, provision, takeOver } from '@meridian/watermark/administration';
import { memoryJournal, memoryStore } from '@meridian/watermark-store';
import type { Journal, WatermarkStore } from '@meridian/watermark-store';
import type { AnswerParts } from './answer.ts';
import { Doubts } from './doubts.ts';
import type { SigningParts } from './sign.ts';

/** Values for this app's tests: two keys of one baker, and a store that knows them. */
export const CHAIN = toBase58('chainId', Uint8Array.of(1, 2, 3, 4));
export const OTHER_CHAIN = toBase58('chainId', Uint8Array.of(4, 3, 2, 1));
const keyOf = (seed: number) => {
  const secret = secretKeyOfSeed('tz1', new Uint8Array(32).fill(seed));
  const key = publicKeyOf(secret);
  return { secret, key, pkh: publicKeyHashOf(key) };
};
export const BAKER = keyOf(3);
export const OTHER = keyOf(4);
const FLOOR = { level: level(9), round: round(0) };
export const HOLDER = { site: 'us', epoch: 1, incarnation: 'first', generation: 0 };

const hashOf = (text: string | number) => createHash('sha256').update(text.toString()).digest();

export function attestation(at: number, payload = 1, chain: ChainId = CHAIN): Uint8Array {
  const vote = {
    kind: 'attestation',
    slot: slot(1),
    level: level(at),
    round: round(0),
    block_payload_hash: toBase58('payloadHash', new Uint8Array(32).fill(payload)),
  } as const;
  const branch = toBase58('blockHash', new Uint8Array(32).fill(7));
  return voteSignBytes(chain, { branch, contents: [vote] }, 'plain');
}

export function block(at: number, payload = 1): Uint8Array {
  const [protocol] = PROTOCOLS.filter(each => each.number === '025');
  assert(protocol !== undefined, 'the table has a row for 025');
  const fitness = {
    level: level(at),
    lockedRound: null,
    predecessorRound: round(0),
    round: round(0),
  };
  const header = encode(unsignedBlockHeader(protocol), {
    level: at,
    proto: 25,
    predecessor: toBase58('blockHash', hashOf('predecessor')),
    timestamp: '2026-11-22T00:00:00Z',
    validation_pass: 4,
    operations_hash: toBase58('operationListListHash', hashOf('operations')),
    fitness: writeFitness(fitness),
    context: toBase58('contextHash', hashOf('context')),
    payload_hash: toBase58('payloadHash', hashOf(payload)),
    payload_round: round(0),
    proof_of_work_nonce: '0000000000000000',
    liquidity_baking_toggle_vote: 'pass',
  });
  return blockSignBytes(CHAIN, header);
}

/** Makes the rows of the baker, or of another key, active, with floors at level 9. */
export async function activate(
  store: WatermarkStore,
  kinds: readonly Kind[] = ['block', 'attestation'],
  { pkh = BAKER.pkh, chainId = CHAIN }: { pkh?: PublicKeyHash; chainId?: ChainId } = {},
): Promise<void> {
  const key = { chainId, pkh };
  const made = changeOf(key, kinds, (before, row) =>
    provision(before, row, { ...HOLDER, epoch: 0 }, FLOOR, 'new'),
  );
  const authority = { ...HOLDER, by: 'first_use', maxLevel: NO_MAX_LEVEL, floor: FLOOR } as const;
  for (const change of [made, changeOfRows(key, kinds, row => takeOver(row, authority))]) {
    const changed = await store.administer(key, change);
    assert(changed.ok, 'new rows are provisioned and activated');
  }
}

/** A store in memory that the baker may sign with; `kept` is what its disk would hold. */
export async function activeStore(kept = new Map<string, Row>()): Promise<WatermarkStore> {
  const store = memoryStore(kept);
  await activate(store);
  return store;
}

/** A keystore with these keys that counts how often it was used; `vault` may take its place. */
export function countedKeystore(
  vault?: (bytes: Uint8Array) => Promise<Signature>,
  keys: readonly { pkh: PublicKeyHash; secret: SecretKey }[] = [BAKER],
): { keystore: Keystore; used: () => number } {
  let used = 0;
  const keystore: Keystore = {
    keys: () =>
      keys.map(({ pkh, secret }) => ({ name: 'baker', pkh, publicKey: publicKeyOf(secret) })),
    sign: (pkh, payload) => {
      used += 1;
      const { secret } = keys.find(each => each.pkh === pkh) ?? BAKER;
      return vault?.(payload) ?? Promise.resolve(sign(secret, payload));
    },
    provePossession: (pkh, blsKey) => {
      used += 1;
      const { secret } = keys.find(each => each.pkh === pkh) ?? BAKER;
      type Possession = Parameters<typeof provePossession>;
      return Promise.resolve(provePossession(secret as Possession[0], blsKey as Possession[1]));
    },
  };
  return { keystore, used: () => used };
}

/** A line that no level of a test is beyond. */
export const HORIZON = {
  baseLevel: level(0),
  baseTime: instant(0),
  minimalBlockDelay: duration(1_000),
  slackLevels: 1_000,
};

/** A journal that knows what a store says now, as if this signer had written all of it. */
export async function journalOf(store: WatermarkStore): Promise<Journal> {
  const journal = memoryJournal();
  journal.learn(await store.rows());
  for (const chainId of [CHAIN, OTHER_CHAIN]) journal.setHorizon(chainId, HORIZON);
  return journal;
}

/** What signing needs, over a store whose rows this signer knows; a test may give each part its own. */
export async function signingParts(
  store: WatermarkStore,
  keystore: Keystore,
  { journal: given, ...parts }: Partial<SigningParts> & { readonly journal?: Journal } = {},
): Promise<SigningParts> {
  const journal = given ?? (await journalOf(store));
  return {
    site: HOLDER.site,
    policy: {
      chains: [CHAIN],
      roles: new Map(keystore.keys().map(({ pkh }) => [pkh, 'consensus'])),
    },
    keystore,
    doubts: new Doubts(),
    guard: () => ({ store, journal }),
    now: () => instant(0),
    observe: () => undefined,
    took: () => undefined,
    unsealed: () => undefined,
    ...parts,
  };
}

/** A signer that serves whoever asks, and allows and knows nothing more. */
export const ANSWERS = {
  marks: () => Promise.resolve(err(protocolProblem('store_unavailable'))),
  authorizedKeys: [],
  allow: { knownKeys: false, provePossession: false },
} as const satisfies Partial<AnswerParts>;
