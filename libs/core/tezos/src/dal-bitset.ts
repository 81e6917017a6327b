import { TezosError } from './errors.ts';

/** The slots that are attested, for each lag with at least one; lags are counted from 0. */
export type AttestedSlots = ReadonlyMap<number, readonly number[]>;

const CHUNK_SLOTS = 7;
const CHUNK_BITS = 8;

/** How a protocol's DAL bitset is laid out: `dal_parametric` of `context/constants`. */
export type DalShape = { readonly numberOfSlots: number; readonly numberOfLags: number };

/**
 * The bitset of 025: a bit a lag that says whether the lag has slots, then for each that has, in order,
 * chunks of a last-chunk bit and seven slots; no more chunks than needed.
 * Until 024 the bitset is plain: bit i is slot i. Source: dal_attestations_repr.ml.
 * @throws TezosError `out_of_range`
 */
export function writeDalBitset(attested: AttestedSlots, shape: DalShape): bigint {
  let bitset = 0n;
  let position = BigInt(shape.numberOfLags);
  for (const lag of [...attested.keys()].toSorted((one, other) => one - other)) {
    checkIndex('lag', lag, shape.numberOfLags);
    const slots = attested.get(lag) ?? [];
    if (slots.length === 0) continue;
    bitset |= 1n << BigInt(lag);
    for (const slot of slots) checkIndex('slot', slot, shape.numberOfSlots);
    const last = Math.floor(Math.max(...slots) / CHUNK_SLOTS);
    for (const slot of slots) {
      const chunk = position + BigInt(Math.floor(slot / CHUNK_SLOTS) * CHUNK_BITS);
      bitset |= 1n << (chunk + 1n + BigInt(slot % CHUNK_SLOTS));
    }
    bitset |= 1n << (position + BigInt(last * CHUNK_BITS));
    position += BigInt((last + 1) * CHUNK_BITS);
  }
  return bitset;
}

/**
 * The slots of a bitset of 025.
 * @throws TezosError `not_canonical` for more chunks or bits than needed, `out_of_range` for a slot that
 * the protocol does not have
 */
export function readDalBitset(bitset: bigint, shape: DalShape): AttestedSlots {
  if (bitset < 0n) throw new TezosError('out_of_range', 'a DAL bitset is not negative');
  const attested = new Map<number, readonly number[]>();
  let position = BigInt(shape.numberOfLags);
  for (let lag = 0; lag < shape.numberOfLags; lag++) {
    if (!hasBit(bitset, BigInt(lag))) continue;
    const slots: number[] = [];
    for (let first = 0; ; first += CHUNK_SLOTS) {
      checkIndex('slot', first, shape.numberOfSlots);
      for (let place = 0; place < CHUNK_SLOTS; place++) {
        if (hasBit(bitset, position + 1n + BigInt(place))) slots.push(first + place);
      }
      const isLast = hasBit(bitset, position);
      position += BigInt(CHUNK_BITS);
      if (isLast) break;
    }
    for (const slot of slots) checkIndex('slot', slot, shape.numberOfSlots);
    attested.set(lag, slots);
  }
  if (writeDalBitset(attested, shape) !== bitset) {
    throw new TezosError('not_canonical', 'a DAL bitset with more chunks or bits than it needs');
  }
  return attested;
}

function hasBit(bitset: bigint, place: bigint): boolean {
  return ((bitset >> place) & 1n) === 1n;
}

function checkIndex(what: string, index: number, count: number): void {
  if (Number.isInteger(index) && index >= 0 && index < count) return;
  const range = `0 to ${(count - 1).toString()}`;
  throw new TezosError('out_of_range', `DAL ${what} ${index.toString()} is not in ${range}`);
}
