import { assert } from '@meridian/prelude';
import { level, PROTOCOLS, round, slot, toBase58, writeFitness } from '@meridian/tezos';
import { blockSignBytes, encode, unsignedBlockHeader, voteSignBytes } from '@meridian/tezos/forge';
import { NO_MAX_LEVEL, provision, signRequest, takeOver } from './index.ts';
import type { Holder, Kind, Row, SignRequest } from './index.ts';

/** Values for this lib's tests: one key on one chain, payloads told apart by a letter. */
const CHAIN = toBase58('chainId', Uint8Array.of(0x7a, 0x06, 0xa7, 0x70));
const PKH = toBase58('tz1', new Uint8Array(20).fill(7));

export const HOLDER: Holder = { site: 'us', epoch: 1, incarnation: 'first' };

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
export function payloadOf(wish: Wish): Uint8Array {
  return wish.kind === 'block' ? blockPayload(wish) : votePayload(wish, wish.kind);
}

export function request(wish: Wish, holder: Holder = HOLDER): SignRequest {
  return signRequest(PKH, payloadOf(wish), holder);
}

/** An active row whose floor is (level 99, round 0). */
export function activeRow(kind: Kind, maxLevel = NO_MAX_LEVEL): Row {
  const row = provision(
    { chainId: CHAIN, pkh: PKH, kind },
    { ...HOLDER, epoch: 0 },
    { level: level(99), round: round(0) },
  );
  const floor = { level: level(99), round: round(0) };
  const taken = takeOver(row, {
    floor,
    by: 'first_use',
    site: HOLDER.site,
    epoch: HOLDER.epoch,
    maxLevel,
  });
  assert(taken.ok, 'a row in standby may be taken into first use');
  return taken.value;
}

function votePayload(wish: Wish, kind: 'preattestation' | 'attestation'): Uint8Array {
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
  return voteSignBytes(CHAIN, { branch, contents: [vote] }, 'plain');
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
