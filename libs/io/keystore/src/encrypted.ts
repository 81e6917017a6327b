import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { fromBase58, identifyBase58, toBase58, type SecretKey } from '@meridian/tezos';
import { pbkdf2Sync } from 'node:crypto';
import { KeystoreError } from './errors.ts';

/** Which plain kind an encrypted one opens to. */
const PLAIN = { edesk: 'edsk', spesk: 'spsk', p2esk: 'p2sk', BLesk: 'BLsk' } as const;
const KINDS = Object.keys(PLAIN) as (keyof typeof PLAIN)[];

/*
 * The layout of Octez's encrypted keys: a salt, then the secret under a key that is derived from the password, with a
 * nonce of zeros since that key is used once. Source: src/lib_signer_backends/encrypted.ml.
 */
const SALT_LENGTH = 8;
const ITERATIONS = 32_768;
const KEY_LENGTH = 32;
const NONCE = new Uint8Array(24);

/** Whether a text is an encrypted secret key, by its first letters. */
export function isEncrypted(text: string): boolean {
  return KINDS.some(kind => text.startsWith(kind));
}

/**
 * Opens an encrypted secret key.
 * @throws KeystoreError `wrong_password`
 * @throws TezosError for a text that is no key
 */
export function decryptSecret(name: string, text: string, password: string): SecretKey {
  const { kind, data } = identifyBase58(KINDS, text);
  const cipher = cipherOf(password, data.subarray(0, SALT_LENGTH));
  try {
    const opened = cipher.decrypt(data.subarray(SALT_LENGTH));
    return toBase58(PLAIN[kind], opened);
  } catch {
    throw new KeystoreError('wrong_password', name);
  }
}

/** Writes a secret key as Octez would, under a password. */
export function encryptSecret(secret: SecretKey, password: string, salt: Uint8Array): string {
  const kind = KINDS.find(each => secret.startsWith(PLAIN[each])) ?? 'edesk';
  const sealed = cipherOf(password, salt).encrypt(fromBase58(PLAIN[kind], secret));
  return toBase58(kind, Uint8Array.from([...salt, ...sealed]));
}

function cipherOf(password: string, salt: Uint8Array): ReturnType<typeof xsalsa20poly1305> {
  return xsalsa20poly1305(pbkdf2Sync(password, salt, ITERATIONS, KEY_LENGTH, 'sha512'), NONCE);
}
