import { err, ok, type Result } from '@meridian/prelude';
import { protocolProblem } from '@meridian/signer-protocol';
import type { Answer, MarkJson, Problem } from '@meridian/signer-protocol';
import type { ChainId, PublicKeyHash } from '@meridian/tezos';
import type { WatermarkStore } from '@meridian/watermark-store';

/** Where marks are read. */
export type MarksParts = {
  readonly chainId: ChainId;
  /** Undefined while another process holds the store. */
  readonly store: () => WatermarkStore | undefined;
};

/** The marks of a key on this chain; a store that cannot be read is a problem, not an empty list. */
export async function marksOf(
  { chainId, store }: MarksParts,
  pkh: PublicKeyHash,
): Promise<Result<Answer, Problem>> {
  const open = store();
  if (open === undefined) return err(protocolProblem('store_unavailable'));
  try {
    const rows = await open.read(chainId, pkh);
    const marks = rows.map(
      ({ chainId: of, kind, level, round, digest, bytes, signature }): MarkJson => ({
        chain_id: of,
        kind,
        ...{ level, round, digest, bytes, signature },
      }),
    );
    return ok({ marks });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(protocolProblem('store_unavailable', why));
  }
}
