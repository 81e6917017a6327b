import { fromHex, TezosError, toHex, type PublicKeyHash } from '@meridian/tezos';
import { blake2b256 } from '@meridian/tezos/hash';
import { readSignBytes, voteModeOf, type SignSubject } from '@meridian/tezos/forge';

/** What a signer would be asked to sign, or why it would refuse before looking at any mark. */
export type Inspection =
  | { readonly accepted: true; readonly subject: SignSubject; readonly digest: string }
  | { readonly accepted: false; readonly code: string; readonly reason: string };

/** Looks at the bytes of a sign request as the signer does; `key` is the key that would sign. */
export function inspect(hex: string, key: PublicKeyHash | undefined): Inspection {
  const bytes = fromHex(hex);
  try {
    const subject = readSignBytes(bytes);
    const unfit = key === undefined ? undefined : unfitFor(subject, key);
    if (unfit !== undefined) return { accepted: false, code: 'unknown_kind', reason: unfit };
    return { accepted: true, subject, digest: toHex(blake2b256(bytes)) };
  } catch (error) {
    if (!(error instanceof TezosError)) throw error;
    return { accepted: false, code: error.code, reason: error.message };
  }
}

/** Votes of tz4 keys are signed in BLS mode, those of other keys never. */
function unfitFor(subject: SignSubject, key: PublicKeyHash): string | undefined {
  if (subject.kind === 'block' || subject.mode === voteModeOf(key)) return undefined;
  const form = subject.mode === 'bls' ? 'in BLS mode, which only tz4 keys sign' : 'with a slot';
  return `a ${subject.kind} ${form}, under ${key}`;
}
