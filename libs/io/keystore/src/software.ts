import { TezosError, toBase58, fromBase58 } from '@meridian/tezos';
import type { PublicKey, PublicKeyHash, SecretKey, Signature } from '@meridian/tezos';
import { provePossession, publicKeyHashOf, publicKeyOf } from '@meridian/tezos/crypto';
import { secretKey, sign } from '@meridian/tezos/crypto';
import { blake2b256 } from '@meridian/tezos/hash';
import { createPrivateKey, sign as signWith, type KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { decryptSecret, isEncrypted } from './encrypted.ts';
import { KeystoreError } from './errors.ts';
import type { Keystore, NamedKey } from './keystore.ts';

/** Where the secret of a key is. */
export type SoftwareKey = {
  readonly name: string;
  /** A file with an Octez secret key, plain (`edsk…`, `unencrypted:edsk…`) or encrypted (`encrypted:edesk…`). */
  readonly secretFile: string;
  readonly passwordFile?: string | undefined;
};

/** What signs under one key. */
type Signer = { readonly key: NamedKey; readonly sign: (payload: Uint8Array) => Signature };
/** What proves that one key is held. */
type Prover = { readonly provePossession: (blsKey: PublicKey | undefined) => Signature };

/**
 * Keys in files, signed with in this process: for test networks, and for people who accept that whoever reads the
 * process reads the keys.
 * @throws KeystoreError naming the key
 */
export function softwareKeystore(keys: readonly SoftwareKey[]): Keystore {
  const signers = new Map<PublicKeyHash, Signer & Prover>();
  for (const each of keys) {
    const secret = secretOf(each);
    const signer = signerOf(each.name, secret);
    if (signers.has(signer.key.pkh)) throw new KeystoreError('twice', each.name);
    signers.set(signer.key.pkh, { ...signer, ...proverOf(signer.key.pkh, secret) });
  }
  const named = [...signers.values()].map(({ key }) => key);
  return {
    keys: () => named,
    sign: (pkh, payload) => {
      const signer = signers.get(pkh);
      if (signer === undefined) return Promise.reject(new KeystoreError('unknown_key', pkh));
      return Promise.resolve(signer.sign(payload));
    },
    provePossession: (pkh, blsKey) =>
      Promise.resolve(signers.get(pkh)).then(prover => {
        if (prover === undefined) throw new KeystoreError('unknown_key', pkh);
        return prover.provePossession(blsKey);
      }),
  };
}

function secretOf({ name, secretFile, passwordFile }: SoftwareKey): SecretKey {
  const text = secretText(name, secretFile).replace(/^(un)?encrypted:/, '');
  try {
    if (!isEncrypted(text)) return secretKey(text);
    if (passwordFile === undefined) throw new KeystoreError('missing_password', name);
    return decryptSecret(name, text, secretText(name, passwordFile));
  } catch (error) {
    // What the reader of a key says would repeat parts of it.
    if (error instanceof TezosError) throw new KeystoreError('malformed_secret', name);
    throw error;
  }
}

/** Group and others. */
const EXPOSED_MODE = 0o077;

function secretText(name: string, path: string): string {
  try {
    if ((statSync(path).mode & EXPOSED_MODE) !== 0)
      throw new KeystoreError('exposed_file', `${name} (${path})`);
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (error instanceof KeystoreError) throw error;
    throw new KeystoreError('unreadable_file', `${name} (${path})`);
  }
}

function signerOf(name: string, secret: SecretKey): Signer {
  const publicKey = publicKeyOf(secret);
  const key = { name, pkh: publicKeyHashOf(publicKey), publicKey };
  if (!secret.startsWith('edsk')) return { key, sign: payload => sign(secret, payload) };
  const native = ed25519Key(secret);
  return {
    key,
    sign: payload => toBase58('edsig', signWith(null, blake2b256(payload), native)),
  };
}

function proverOf(pkh: PublicKeyHash, secret: SecretKey): Prover {
  return {
    provePossession: blsKey => {
      if (!isBlsSecret(secret) || !isBlsKey(blsKey)) throw new KeystoreError('no_bls_key', pkh);
      return provePossession(secret, blsKey);
    },
  };
}

type Possession = Parameters<typeof provePossession>;

function isBlsSecret(secret: SecretKey): secret is Possession[0] {
  return secret.startsWith('BLsk');
}

function isBlsKey(key: PublicKey | undefined): key is Possession[1] {
  return key === undefined || key.startsWith('BLpk');
}

/** RFC 8410: what stands before the 32 bytes of an Ed25519 seed in a PKCS #8 key. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The system's Ed25519 is twenty times as fast as the pure one and gives the same signatures. */
function ed25519Key(secret: SecretKey): KeyObject {
  const der = Buffer.concat([PKCS8_PREFIX, fromBase58('edsk', secret)]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}
