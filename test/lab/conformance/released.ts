import type { PublicKey, Signature } from '@meridian/tezos';
import { verify } from '@meridian/tezos/crypto';
import type { Key } from './case-file.ts';
import { subjectOf } from './subject.ts';

/** A signature that left a signer. */
export type Release = {
  readonly pkh: string;
  readonly bytes: Buffer;
  readonly signature: string;
  /** As asked for; versions 0 and 1 are other schemes for tz4 keys. */
  readonly version?: string | undefined;
};

/**
 * All signatures that left, of all signers and processes of a case together. What has to hold of them holds whatever
 * the case is about.
 */
export class Released {
  readonly #all: Release[] = [];

  add(release: Release): void {
    this.#all.push(release);
  }

  get count(): number {
    return this.#all.length;
  }

  /** Whether these very bytes were signed. */
  has(pkh: string, bytes: Buffer): boolean {
    return this.#all.some(one => one.pkh === pkh && one.bytes.equals(bytes));
  }

  /** What is wrong with them, in words. */
  problems(keys: readonly Key[]): readonly string[] {
    const wrong = new Set<string>();
    const payloads = new Map<string, { readonly bytes: Buffer; readonly signature: string }>();
    for (const release of this.#all) {
      const { pkh, bytes, signature } = release;
      const forged = forgery(release, keys);
      if (forged !== undefined) wrong.add(forged);
      const subject = subjectOf(bytes);
      if (subject === undefined) {
        wrong.add(`a signature of ${pkh} over bytes that are no block and no vote`);
        continue;
      }
      const { chainId, kind, level, round } = subject;
      const place = `${kind} of ${pkh} on ${chainId} at level ${level}, round ${round}`;
      const first = payloads.get(place);
      if (first === undefined) payloads.set(place, { bytes, signature });
      else if (!first.bytes.equals(bytes)) wrong.add(`two payloads were signed: ${place}`);
      else if (kind === 'block' && first.signature !== signature)
        wrong.add(`a block has two signatures: ${place}`);
    }
    return [...wrong];
  }
}

/** Versions of a tz4 signature that are no signature to the chain (signer.md A.5). */
const OTHER_SCHEMES = ['0', '1'];

function forgery(
  { pkh, bytes, signature, version }: Release,
  keys: readonly Key[],
): string | undefined {
  const key = keys.find(one => one.public_key_hash === pkh);
  if (key === undefined) return `a signature under ${pkh}, which is no key of the file`;
  const isOther = pkh.startsWith('tz4') && OTHER_SCHEMES.includes(version ?? '');
  const isOfChain = isTrue(key.public_key, signature, bytes);
  if (isOther)
    return isOfChain ? `version ${version} gave a signature of the chain's scheme` : undefined;
  return isOfChain ? undefined : `a signature of ${pkh} does not verify over the bytes`;
}

function isTrue(publicKey: string, signature: string, bytes: Buffer): boolean {
  try {
    return verify(publicKey as PublicKey, signature as Signature, bytes);
  } catch {
    return false;
  }
}
