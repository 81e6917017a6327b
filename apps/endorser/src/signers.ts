import type { Log } from '@meridian/service';
import type { SignerClient } from '@meridian/signer-client';
import type { AttestationMark, Ballot } from '@meridian/tenderbake';
import { fromHex, TezosError, toHex, type PublicKeyHash, type Signature } from '@meridian/tezos';
import { attachSignature, readSignBytes } from '@meridian/tezos/forge';
import { operationHex } from '@meridian/vote-line';

/** Watermark and chain, which stand before the operation in what is signed. */
const OPERATION_OFFSET = 5;

/**
 * The signed operation of a ballot in hexadecimal. Where another process had an equivalent vote signed, with other DAL
 * content, the operation is that one.
 */
export async function signedOperation(
  client: SignerClient,
  log: Log,
  ballot: Ballot,
  bytes: Uint8Array,
): Promise<string | undefined> {
  const outcome = await client.sign(ballot.consensusKey, bytes);
  if (outcome.kind === 'signature') return operationHex(ballot, outcome.signature);
  const released = outcome.kind === 'refused' ? releasedIn(outcome.details) : undefined;
  if (released !== undefined) return released;
  const { kind, level, round, slot } = ballot;
  const why =
    outcome.kind === 'refused'
      ? { code: outcome.code, why: outcome.message }
      : { code: 'unavailable', why: outcome.troubles.map(({ why }) => why).join('; ') };
  log.warn('not_signed', { kind, level, round, slot, ...why });
  return undefined;
}

/** The vote that a refusal hands out instead; undefined when there is none, or none that can be read. */
function releasedIn({ released }: Readonly<Record<string, unknown>>): string | undefined {
  const { bytes, signature } = (released ?? {}) as { bytes?: unknown; signature?: unknown };
  if (typeof bytes !== 'string' || typeof signature !== 'string') return undefined;
  try {
    const unsigned = fromHex(bytes).subarray(OPERATION_OFFSET);
    return toHex(attachSignature(unsigned, signature as Signature));
  } catch (error) {
    if (error instanceof TezosError) return undefined;
    throw error;
  }
}

/** The attestation mark of a key; null when it never attested, undefined when no signer could say. */
export async function markOf(
  client: SignerClient,
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
