import { assert, type Result } from '@meridian/prelude';
import { level, PROTOCOLS, round, slot, toBase58, writeFitness } from '@meridian/tezos';
import type { PublicKeyHash } from '@meridian/tezos';
import {
  blockSignBytes,
  encode,
  unsignedBlockHeader,
  voteModeOf,
  voteSignBytes,
} from '@meridian/tezos/forge';
import { provision, takeOver, type Authority } from './administration.ts';
import { NO_MAX_LEVEL, signRequest } from './index.ts';
import type { Holder, Kind, Position, Row, RowKey, SignRequest } from './index.ts';

/** Values for this lib's tests: one key on one chain, payloads told apart by a letter. */
const CHAIN = toBase58('chainId', Uint8Array.of(0x7a, 0x06, 0xa7, 0x70));
export const PKH = toBase58('tz1', new Uint8Array(20).fill(7));
/** A key that signs votes in BLS mode. */
export const TZ4 = toBase58('tz4', new Uint8Array(20).fill(4));

export const HOLDER: Holder = { site: 'us', epoch: 1, incarnation: 'first', generation: 1 };

/** What differs between two requests of a test. */
export type Wish = {
  readonly kind: Kind;
  readonly level: number;
  readonly round?: number;
  /** Names a payload; equal letters are equal payloads. */
  readonly payload?: string;
  readonly branch?: string;
  readonly slot?: number;
  readonly dal?: string;
};

/** The bytes that a signer would be asked to sign. */
export function payloadOf(wish: Wish, pkh: PublicKeyHash = PKH): Uint8Array {
  return wish.kind === 'block' ? blockPayload(wish) : votePayload(wish, wish.kind, pkh);
}

export function request(
  wish: Wish,
  holder: Holder = HOLDER,
  seenSeq: number | null = null,
  pkh: PublicKeyHash = PKH,
): SignRequest {
  return signRequest(pkh, payloadOf(wish, pkh), holder, seenSeq);
}

export function keyOf(kind: Kind, pkh: PublicKeyHash = PKH): RowKey {
  return { chainId: CHAIN, pkh, kind };
}

/** A position by its numbers, round 0 unless said. */
export function at(levelNumber: number, roundNumber = 0): Position {
  return { level: level(levelNumber), round: round(roundNumber) };
}

/** A row in standby that was never used, whose floor is (level 99, round 0). */
export function freshRow(kind: Kind, holder: Holder = { ...HOLDER, epoch: 0 }): Row {
  return granted(provision(undefined, keyOf(kind), holder, at(99), 'new'));
}

/** What a test has to be given before it starts. */
export function granted<Value>(outcome: Result<Value, unknown>): Value {
  assert(outcome.ok, `refused: ${JSON.stringify(outcome)}`);
  return outcome.value;
}

/** An active row whose floor is (level 99, round 0). */
export function activeRow(kind: Kind, maxLevel = NO_MAX_LEVEL): Row {
  return granted(takeOver(freshRow(kind), { ...HOLDER, by: 'first_use', maxLevel, floor: at(99) }));
}

/** An authority for the site `ie` under epoch 2, or for the site that froze a row; without lease and floor. */
export function authority(by: Authority['by'], other: Partial<Authority> = {}): Authority {
  const site = by === 'nack' ? HOLDER.site : 'ie';
  return { ...HOLDER, by, site, epoch: 2, maxLevel: NO_MAX_LEVEL, floor: at(0), ...other };
}

function votePayload(
  wish: Wish,
  kind: 'preattestation' | 'attestation',
  pkh: PublicKeyHash,
): Uint8Array {
  const shared = {
    slot: slot(wish.slot ?? 3),
    level: level(wish.level),
    round: round(wish.round ?? 0),
    block_payload_hash: toBase58('payloadHash', hashOf(wish.payload ?? 'A')),
  };
  const vote =
    wish.dal === undefined
      ? ({ kind, ...shared } as const)
      : ({ kind: 'attestation_with_dal', ...shared, dal_attestation: wish.dal } as const);
  const branch = toBase58('blockHash', hashOf(wish.branch ?? 'branch'));
  return voteSignBytes(CHAIN, { branch, contents: [vote] }, voteModeOf(pkh));
}

function blockPayload(wish: Wish): Uint8Array {
  const roundOfBlock = round(wish.round ?? 0);
  const [protocol] = PROTOCOLS.filter(each => each.number === '025');
  assert(protocol !== undefined, 'the table has a row for 025');
  const fitness = writeFitness({
    level: level(wish.level),
    lockedRound: null,
    predecessorRound: round(0),
    round: roundOfBlock,
  });
  const header = encode(unsignedBlockHeader(protocol), {
    level: wish.level,
    proto: 25,
    predecessor: toBase58('blockHash', hashOf(wish.branch ?? 'branch')),
    timestamp: '2026-11-22T00:00:00Z',
    validation_pass: 4,
    operations_hash: toBase58('operationListListHash', hashOf('operations')),
    fitness,
    context: toBase58('contextHash', hashOf('context')),
    payload_hash: toBase58('payloadHash', hashOf(wish.payload ?? 'A')),
    payload_round: roundOfBlock,
    proof_of_work_nonce: '0000000000000000',
    liquidity_baking_toggle_vote: 'pass',
  });
  return blockSignBytes(CHAIN, header);
}

/** 32 bytes that differ where the names differ. */
function hashOf(name: string): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, at) => name.charCodeAt(at % name.length));
}
