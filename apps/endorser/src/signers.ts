import type { Log } from '@meridian/service';
import type { SignerClient, SignOutcome } from '@meridian/signer-client';
import type { AttestationMark, Ballot } from '@meridian/tenderbake';
import { fromHex, TezosError, toHex, type PublicKeyHash, type Signature } from '@meridian/tezos';
import { attachSignature, readSignBytes } from '@meridian/tezos/forge';
import { operationHex } from '@meridian/vote-line';

/** Watermark and chain, which stand before the operation in what is signed. */
const OPERATION_OFFSET = 5;

/** What became of a ballot at the signers. */
export type BallotOutcome =
  /** `shared`: another endorser had an equivalent vote permitted, with other DAL content; the operation is that one. */
  | { readonly kind: 'signed' | 'shared'; readonly operation: string }
  | {
      readonly kind: 'unsigned';
      /** Meridian's code of the refusal; `unavailable`, or `other_vote_released`. */
      readonly code: string;
      readonly why: string;
      /** `info`: normal beside a second endorser, or where another site signs. */
      readonly severity: 'info' | 'warn' | 'error';
    };

/** What became of a ballot; a log line says why there is no operation, or that it is shared. */
export async function askSigners(
  client: Pick<SignerClient, 'sign'>,
  log: Log,
  ballot: Ballot,
  bytes: Uint8Array,
): Promise<BallotOutcome> {
  const outcome = await signedBallot(client, ballot, bytes);
  const { kind, level, round, slot } = ballot;
  if (outcome.kind === 'unsigned') {
    const { severity, code, why } = outcome;
    log[severity]('not_signed', { kind, level, round, slot, code, why });
  }
  if (outcome.kind === 'shared') log.info('vote_shared', { kind, level, round, slot });
  return outcome;
}

/**
 * Has a ballot signed. Where an equivalent vote was permitted before, it is that one: a signature that is not stored
 * yet is asked for again, for who asked first may be gone.
 * @param bytes what is signed for the ballot
 */
export async function signedBallot(
  client: Pick<SignerClient, 'sign'>,
  ballot: Ballot,
  bytes: Uint8Array,
): Promise<BallotOutcome> {
  const options = { dueAt: performance.now(), urgent: ballot.kind === 'attestation' };
  const outcome = await client.sign(ballot.consensusKey, bytes, options);
  if (outcome.kind === 'signature') {
    return { kind: 'signed', operation: operationHex(ballot, outcome.signature) };
  }
  const released = outcome.kind === 'refused' ? outcome.details['released'] : undefined;
  if (released === undefined) return unsigned(outcome);
  const vote = equivalentIn(released, bytes);
  if (vote === undefined) return OTHER_VOTE;
  if (vote.operation !== undefined) return { kind: 'shared', operation: vote.operation };
  const again = await client.sign(ballot.consensusKey, vote.bytes, options);
  return again.kind === 'signature'
    ? { kind: 'shared', operation: attached(vote.bytes, again.signature) }
    : unsigned(again);
}

const OTHER_VOTE = {
  kind: 'unsigned',
  code: 'other_vote_released',
  why: 'a signer handed out a vote that is not equivalent to ours, or cannot be read',
  severity: 'error',
} as const satisfies BallotOutcome;

function unsigned(outcome: Exclude<SignOutcome, { kind: 'signature' }>): BallotOutcome {
  if (outcome.kind === 'refused') {
    const { code = 'refused', message, alerts } = outcome;
    return { kind: 'unsigned', code, why: message, severity: alerts ? 'error' : 'info' };
  }
  const { troubles } = outcome;
  const worst = troubles.find(({ alerts }) => alerts) ?? troubles[0];
  return {
    kind: 'unsigned',
    code: worst?.code ?? 'unavailable',
    why: troubles.map(({ signer, why }) => `${signer}: ${why}`).join('; '),
    severity: worst?.alerts === false ? 'info' : 'warn',
  };
}

/** What equivalent votes have in common: all but slot and DAL content, which no one is slashed for. */
const EQUIVALENT = ['kind', 'chainId', 'level', 'round', 'branch', 'payloadHash'] as const;

type ReleasedVote = { readonly bytes: Uint8Array; readonly operation: string | undefined };

/**
 * The vote that a refusal hands out, as an operation if it brings the signature; undefined when it is not equivalent to
 * ours, or cannot be read.
 */
function equivalentIn(released: unknown, ours: Uint8Array): ReleasedVote | undefined {
  const { bytes: hex, signature } = (released ?? {}) as { bytes?: unknown; signature?: unknown };
  if (typeof hex !== 'string') return undefined;
  try {
    const bytes = fromHex(hex);
    const [theirs, own] = [readSignBytes(bytes), readSignBytes(ours)];
    // In BLS mode the bytes have no slot, and equivalent votes are the same.
    if (theirs.kind === 'block' || own.kind === 'block' || theirs.mode === 'bls') return undefined;
    if (!EQUIVALENT.every(field => theirs[field] === own[field])) return undefined;
    const isSigned = typeof signature === 'string';
    return { bytes, operation: isSigned ? attached(bytes, signature as Signature) : undefined };
  } catch (error) {
    if (error instanceof TezosError) return undefined;
    throw error;
  }
}

function attached(bytes: Uint8Array, signature: Signature): string {
  return toHex(attachSignature(bytes.subarray(OPERATION_OFFSET), signature));
}

/** The attestation mark of a key; null when it never attested, undefined when no signer could say. */
export async function markOf(
  client: Pick<SignerClient, 'marks'>,
  chainId: string,
  key: PublicKeyHash,
): Promise<AttestationMark | null | undefined> {
  const marks = await client.marks(key);
  if (marks === undefined) return undefined;
  const mark = marks.find(({ kind, chain_id }) => kind === 'attestation' && chain_id === chainId);
  if (mark === undefined) return null;
  const { level, round, bytes } = mark;
  try {
    const subject = bytes === null ? undefined : readSignBytes(fromHex(bytes));
    const payloadHash = subject?.payloadHash ?? null;
    return {
      consensusKey: key,
      level: level as AttestationMark['level'],
      round: round as AttestationMark['round'],
      payloadHash,
    };
  } catch (error) {
    if (error instanceof TezosError) return undefined;
    throw error;
  }
}
