import { toHex, type PublicKeyHash } from '@meridian/tezos';
import { blake2b256 } from '@meridian/tezos/hash';
import { readSignBytes } from '@meridian/tezos/forge';
import type { Holder, Position, RowKey } from './row.ts';

/** A wish to sign, as far as the watermark decides. */
export type SignRequest = RowKey &
  Position &
  Holder & {
    /** blake2b-256 of the whole payload, hexadecimal. */
    readonly digest: string;
    /** The payload in hexadecimal, for votes; null for blocks, which are compared by digest alone. */
    readonly bytes: string | null;
    /**
     * The highest `seq` of the row that this signer has seen in any answer of the store; null before the first,
     * and again once it has learnt the incarnation of a released row.
     */
    readonly seenSeq: number | null;
  };

/**
 * The request behind a payload. All that decides is read from the payload itself, so no caller can ask
 * for one level and have another one signed.
 * @throws TezosError when the payload is no block and no vote
 */
export function signRequest(
  pkh: PublicKeyHash,
  payload: Uint8Array,
  holder: Holder,
  seenSeq: number | null = null,
): SignRequest {
  const { kind, chainId, level, round } = readSignBytes(payload);
  const { site, epoch, incarnation, generation } = holder;
  return {
    chainId,
    pkh,
    kind,
    level,
    round,
    site,
    epoch,
    incarnation,
    generation,
    digest: toHex(blake2b256(payload)),
    bytes: kind === 'block' ? null : toHex(payload),
    seenSeq,
  };
}
