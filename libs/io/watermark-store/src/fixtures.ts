import { assert } from '@meridian/prelude';
import { level, round, slot, toBase58 } from '@meridian/tezos';
import { voteSignBytes } from '@meridian/tezos/forge';
import {
  NO_MAX_LEVEL,
  signRequest,
  type Holder,
  type Kind,
  type SignRequest,
} from '@meridian/watermark';
import { changeOf, changeOfRows, provision, takeOver } from '@meridian/watermark/administration';
import type { WatermarkStore } from './store.ts';

/** Values for this lib's tests: keys that are told apart by a number, payloads by a letter. */
const CHAIN = toBase58('chainId', Uint8Array.of(1, 2, 3, 4));
const FLOOR = { level: level(9), round: round(0) };
export const HOLDER: Holder = { site: 'us', epoch: 1, incarnation: 'first', generation: 0 };

export const pkhOf = (key: number) =>
  toBase58(
    'tz1',
    Uint8Array.from({ length: 20 }, (_, at) => (at < 2 ? key >> (8 * at) : 1)),
  );

/** What differs between requests of a test. */
export type Wish = {
  readonly key?: number;
  readonly level: number;
  readonly round?: number;
  readonly payload?: string;
  readonly seenSeq?: number | null;
  readonly holder?: Partial<Holder>;
};

/** A request for an attestation. */
export function request(wish: Wish): SignRequest {
  const hash = new Uint8Array(32).fill((wish.payload ?? 'A').charCodeAt(0));
  const vote = {
    kind: 'attestation',
    slot: slot(1),
    level: level(wish.level),
    round: round(wish.round ?? 0),
    block_payload_hash: toBase58('payloadHash', hash),
  } as const;
  const branch = toBase58('blockHash', new Uint8Array(32).fill(7));
  const bytes = voteSignBytes(CHAIN, { branch, contents: [vote] }, 'plain');
  return signRequest(
    pkhOf(wish.key ?? 1),
    bytes,
    { ...HOLDER, ...wish.holder },
    wish.seenSeq ?? null,
  );
}

/** Provisions rows of a key, in standby, with a floor at level 9. */
export async function provisionOnly(
  store: WatermarkStore,
  key: number,
  kinds: readonly Kind[],
): Promise<void> {
  const rowsKey = { chainId: CHAIN, pkh: pkhOf(key) };
  const made = changeOf(rowsKey, kinds, (before, row) =>
    provision(before, row, { ...HOLDER, epoch: 0 }, FLOOR, 'new'),
  );
  const changed = await store.administer(rowsKey, made);
  assert(changed.ok, 'new rows are provisioned');
}

/** Makes the rows of a key active, with a floor at level 9; only that of attestations unless told otherwise. */
export async function activate(
  store: WatermarkStore,
  key = 1,
  kinds: readonly Kind[] = ['attestation'],
): Promise<void> {
  await provisionOnly(store, key, kinds);
  const rowsKey = { chainId: CHAIN, pkh: pkhOf(key) };
  const authority = { ...HOLDER, by: 'first_use', maxLevel: NO_MAX_LEVEL, floor: FLOOR } as const;
  const taken = changeOfRows(rowsKey, kinds, row => takeOver(row, authority));
  const changed = await store.administer(rowsKey, taken);
  assert(changed.ok, 'new rows are activated');
}

export { CHAIN };
