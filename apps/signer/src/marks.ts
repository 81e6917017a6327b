import { err, ok, type Result } from '@meridian/prelude';
import { protocolProblem } from '@meridian/signer-protocol';
import type { Answer, MarkJson, Problem } from '@meridian/signer-protocol';
import type { ChainId, PublicKeyHash } from '@meridian/tezos';
import { STORE_ERRORS, StoreError, type WatermarkStore } from '@meridian/watermark-store';

/** Where marks are read. */
export type MarksParts = {
  readonly chains: readonly ChainId[];
  /** Undefined while another process holds the store. */
  readonly store: () => WatermarkStore | undefined;
};

/** The marks of a key on the chains that are served; a store that cannot be read is a problem, not an empty list. */
export async function marksOf(
  { chains, store }: MarksParts,
  pkh: PublicKeyHash,
): Promise<Result<Answer, Problem>> {
  const open = store();
  if (open === undefined) return err(protocolProblem('store_unavailable'));
  try {
    const rows = await Promise.all(chains.map(chainId => open.read(chainId, pkh)));
    const marks = rows
      .flat()
      .map(({ chainId: of, kind, level, round, digest, bytes, signature }): MarkJson => ({
        chain_id: of,
        kind,
        ...{ level, round, digest, bytes, signature },
      }));
    return ok({ marks });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return err(protocolProblem('store_unavailable', STORE_ERRORS[error.code]));
  }
}
