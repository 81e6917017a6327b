import { assert, err, ok, type Result } from '@meridian/prelude';
import { fromHex } from '@meridian/tezos';
import { readSignBytes, type SignSubject } from '@meridian/tezos/forge';
import type { Refusal } from './refusals.ts';
import type { SignRequest } from './request.ts';
import { comparePositions, isIncarnation, type Row, type RowKey } from './row.ts';

/** Permission to sign: the row that must be durable first, and the signature given before, if any. */
export type Permission = { readonly row: Row; readonly signature: string | null };

/**
 * May this be signed? The rule of the watermark, which every store follows.
 *
 * A later level or round than the mark is allowed and becomes the mark; the very same payload again is
 * allowed too, but for a block only where its stored signature can be handed out: a block is never
 * given to the vault twice. Everything else is refused, and so is everybody but the holder of an
 * active row.
 */
export function advance(row: Row | undefined, request: SignRequest): Result<Permission, Refusal> {
  const refusal = refusalOf(row, request);
  if (refusal !== undefined) return err(refusal);
  assert(row !== undefined, 'a missing row is refused');
  const seq = row.seq + 1;
  if (comparePositions(request, row) === 0) {
    return ok({ row: { ...row, seq }, signature: row.signature });
  }
  const { level, round, digest, bytes } = request;
  return ok({
    row: { ...row, level, round, digest, bytes, signature: null, seq },
    signature: null,
  });
}

/**
 * Why this may not be signed; undefined when it may. A store that decides by a conditional write asks
 * this of the row it reads afterwards, only to name the reason: the answer is never a permission.
 */
export function refusalOf(row: Row | undefined, request: SignRequest): Refusal | undefined {
  if (row === undefined) return { code: 'missing_row' };
  assertSameKey(row, request);
  const refusal =
    authorityRefusal(row, request) ?? leaseRefusal(row, request) ?? markRefusal(row, request);
  return refusal && { ...refusal, row };
}

function leaseRefusal(row: Row, { level }: SignRequest): Refusal | undefined {
  // Asked this way round, a lease end that is no number allows nothing.
  return level < row.maxLevel ? undefined : { code: 'lease_exhausted' };
}

/** What somebody who uses a store remembers of one of its rows. */
export type Known = Pick<SignRequest, 'site' | 'incarnation' | 'generation' | 'seenSeq'>;

/**
 * Why the row is not the one that somebody knew: its store fell back or was set up anew. A later generation comes
 * first: a release counts them up, and what knows an earlier one has missed it, so what it saw before says nothing of
 * the row, and the row is not to blame. Neither is that of a foreign site, whose store was taken for one's own.
 */
export function storeRefusal(row: Row, known: Known): Refusal | undefined {
  if (row.generation > known.generation) return { code: 'superseded' };
  if (!isIncarnation(row, known))
    return { code: row.site === known.site ? 'other_incarnation' : 'fenced' };
  // Asked this way round, a sequence that is no number counts as one that fell back.
  const isKept = known.seenSeq === null || row.seq >= known.seenSeq;
  return isKept ? undefined : { code: 'store_went_back' };
}

/**
 * Why this request may not use the row at all; the order says which reason is named first. A store that fell back
 * comes before all that it says, and a frozen row of another site says nothing of this one.
 */
export function authorityRefusal(row: Row, request: SignRequest): Refusal | undefined {
  const refusal = storeRefusal(row, request);
  if (refusal !== undefined) return refusal;
  if (row.mode === 'latched' || row.mode === 'standby') return { code: row.mode };
  if (row.site !== request.site || row.epoch !== request.epoch) return { code: 'fenced' };
  return row.mode === 'active' ? undefined : { code: 'frozen' };
}

function markRefusal(row: Row, request: SignRequest): Refusal | undefined {
  const order = comparePositions(request, row);
  if (order > 0) return undefined;
  const { level, round, digest } = row;
  const mark = { level, round, digest };
  if (order < 0 || digest === null) return { code: 'below_mark', mark };
  if (digest === request.digest) {
    const spent = request.kind === 'block' && row.signature === null;
    return spent ? { code: 'block_spent', mark } : undefined;
  }
  if (request.kind === 'block') return { code: 'conflicting_block', mark };
  if (row.bytes === null || !sameVote(row.bytes, request.bytes)) {
    return { code: 'conflicting_vote', mark };
  }
  const released = { bytes: row.bytes, signature: row.signature };
  return { code: 'equivalent_vote_signed', mark, released };
}

/**
 * Whether two votes of one kind, level and round name the same payload on the same branch. Only a
 * difference there is punished (validate.ml `check_double_consensus_operation_evidence`).
 */
function sameVote(signed: string, asked: string | null): boolean {
  const [one, other] = [voteIn(signed), voteIn(asked)];
  if (one === undefined || other === undefined) return false;
  return one.branch === other.branch && one.payloadHash === other.payloadHash;
}

/** The vote in stored bytes; undefined for what cannot be read as one, which then equals no other vote. */
function voteIn(hex: string | null): Exclude<SignSubject, { kind: 'block' }> | undefined {
  if (hex === null) return undefined;
  try {
    const subject = readSignBytes(fromHex(hex));
    return subject.kind === 'block' ? undefined : subject;
  } catch {
    return undefined;
  }
}

/** @throws Error when a row and a request are not of one chain, key and kind */
export function assertSameKey(row: RowKey, request: RowKey): void {
  const same =
    row.chainId === request.chainId && row.pkh === request.pkh && row.kind === request.kind;
  assert(same, 'a request is held against the row of its own chain, key and kind');
}
