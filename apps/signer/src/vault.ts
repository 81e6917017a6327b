import { err, ok, type Result } from '@meridian/prelude';
import { protocolProblem, refusalProblem, type Problem } from '@meridian/signer-protocol';
import type { Signature } from '@meridian/tezos';
import type { SignRequest } from '@meridian/watermark';
import { StoreError } from '@meridian/watermark-store';
import type { StoreErrorCode, WatermarkStore } from '@meridian/watermark-store';
import { within } from './deadline.ts';
import type { Guard, SigningParts } from './sign.ts';

/** How long a vault may take; what it says later is thrown away, and a block is spent then. */
const VAULT_MAX_MS = 2_000;

/** Asks the vault for what was permitted. A block's signature is stored before it is given back (rule 4). */
export async function signAndSeal(
  parts: SigningParts,
  { store, journal }: Guard,
  request: SignRequest,
  bytes: Uint8Array,
): Promise<Result<Signature, Problem>> {
  const signature = await signatureOf(parts, request, bytes);
  if (!signature.ok) return signature;
  const sealing = store.seal(request, signature.value);
  if (request.kind !== 'block') {
    watch(parts, journal, request, sealing);
    return signature;
  }
  const sealed = await sealing;
  if (!sealed.ok) {
    parts.doubts.note(request, sealed.error);
    return err(refusalProblem(sealed.error));
  }
  journal.noteSoon(sealed.value);
  return signature;
}

async function signatureOf(
  { keystore, took }: SigningParts,
  { pkh }: SignRequest,
  bytes: Uint8Array,
): Promise<Result<Signature, Problem>> {
  const since = performance.now();
  try {
    const signature = await within(keystore.sign(pkh, bytes), VAULT_MAX_MS, () => undefined);
    if (signature !== undefined) return ok(signature);
    return err(protocolProblem('vault_unavailable', 'it gave no answer in time'));
  } catch {
    // Its own words may tell insides; they are in its log.
    return err(protocolProblem('vault_unavailable'));
  } finally {
    took('vault', performance.now() - since);
  }
}

/**
 * A vote may be signed again over the same bytes, so its signature need not wait for the store. That a store forgot
 * the permission is reported at once, not at the next request; the store itself has latched the key.
 */
function watch(
  { doubts, unsealed }: SigningParts,
  journal: Guard['journal'],
  request: SignRequest,
  sealing: ReturnType<WatermarkStore['seal']>,
): void {
  const { chainId, kind, pkh, level, round } = request;
  const lost = (outcome: string, code?: StoreErrorCode): void =>
    unsealed({ chainId, kind, pkh, level, round, outcome, ...(code && { code }) });
  sealing
    .then(
      sealed => {
        if (sealed.ok) journal.noteSoon(sealed.value);
        else {
          doubts.note(request, sealed.error);
          lost(sealed.error.code);
        }
      },
      (error: unknown) =>
        lost('store_unavailable', error instanceof StoreError ? error.code : undefined),
    )
    // A report that cannot be made, as on a full disk, ends nothing that is under way.
    .catch(() => undefined);
}
