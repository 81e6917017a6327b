import { createHash } from 'node:crypto';
import { fromBase58, type ChainId } from '@meridian/tezos';
import type { Subject } from '../conformance/subject.ts';

/*
 * Bytes to be signed, laid down by offsets (signer.md A.8) and apart from the code that forges them: what is asked for
 * here is read back by an oracle of its own.
 */

/** Where one payload may be signed, and no other. */
export type Place = Pick<Subject, 'kind' | 'level' | 'round'> & {
  /** tz4 keys sign votes without a slot. */
  readonly isBls: boolean;
};

export const KINDS = ['block', 'preattestation', 'attestation'] as const;
export const CHAIN = 'NetXdQprcVkpaWU' as ChainId;
/** How many payloads conflict at a place. */
export const PAYLOADS = 5;

const MAGIC = { block: 0x11, preattestation: 0x12, attestation: 0x13 } as const;
const TAG = { preattestation: 0x14, attestation: 0x15 } as const;
const BLS_TAG = { preattestation: 0x28, attestation: 0x29 } as const;
const WITH_DAL_TAG = 0x17;
const SLOT = 20;
/** The branch differs in one payload, the data that were seen in another: both are other bytes of the first. */
const [OTHER_BRANCH, WITH_DAL] = [3, 4];
/** 2026-09-21, in seconds; blocks follow each other by six. */
const [GENESIS_S, DELAY_S] = [1_790_000_000, 6];

const chain = fromBase58('chainId', CHAIN);
const hash = (...words: readonly (string | number)[]): Buffer =>
  createHash('sha256').update(words.join(' ')).digest();

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** One of the payloads that conflict at a place, from 0 to {@link PAYLOADS}. */
export function bytesAt(place: Place, payload: number): Buffer {
  return place.kind === 'block' ? blockAt(place, payload) : voteAt(place, place.kind, payload);
}

function voteAt(
  { level, round, isBls }: Place,
  kind: 'preattestation' | 'attestation',
  payload: number,
): Buffer {
  const branch = hash('branch', level, payload === OTHER_BRANCH ? 1 : 0);
  const hasDal = payload === WITH_DAL && kind === 'attestation' && !isBls;
  const tag = isBls ? [BLS_TAG[kind]] : [hasDal ? WITH_DAL_TAG : TAG[kind], 0, SLOT];
  const isFirst = payload === OTHER_BRANCH || hasDal;
  const what = hash('payload', level, round, isFirst ? 0 : payload);
  return Buffer.concat([
    ...[Buffer.from([MAGIC[kind]]), chain, branch, Buffer.from(tag), int32(level), int32(round)],
    ...[what, Buffer.from(hasDal ? [1] : [])],
  ]);
}

function blockAt({ level, round }: Place, payload: number): Buffer {
  const fitness = Buffer.concat([
    ...[int32(1), Buffer.from([2]), int32(4), int32(level)],
    // No locked round, the round before was the first one, and this round.
    ...[int32(0), int32(4), int32(-1), int32(4), int32(round)],
  ]);
  const shell = Buffer.concat([
    ...[int32(level), Buffer.from([25]), hash('block', level - 1)],
    ...[int32(0), int32(GENESIS_S + DELAY_S * level), Buffer.from([4]), hash('operations', level)],
    ...[int32(fitness.length), fitness, hash('context', level, payload)],
  ]);
  // The payload's round, the nonce of its proof of work, no seed, and no votes on subsidies.
  const contents = [hash('payload', level, round, payload), int32(round), Buffer.alloc(8)];
  return Buffer.concat([
    ...[Buffer.from([MAGIC.block]), chain, shell, ...contents, Buffer.from([0, 10])],
  ]);
}
