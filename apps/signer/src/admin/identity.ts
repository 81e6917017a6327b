import { KeystoreError, softwareKeystore } from '@meridian/keystore';
import type { PublicKey, Signature } from '@meridian/tezos';

/** A tz1 key of a site or a person, which signs what is no operation and no block. */
export type Identity = {
  readonly publicKey: PublicKey;
  readonly sign: (bytes: Uint8Array) => Promise<Signature>;
};

/**
 * The identity in a file as octez-client has it, readable by its owner alone.
 * @param passwordFile where its secret is encrypted
 * @throws KeystoreError; `malformed_secret` also for a key that is no tz1
 */
export function identityOf(secretFile: string, passwordFile?: string): Identity {
  const name = 'identity';
  const keystore = softwareKeystore([{ name, secretFile, passwordFile }]);
  const [key] = keystore.keys();
  if (key?.pkh.startsWith('tz1') !== true)
    throw new KeystoreError('malformed_secret', `${secretFile}, which has to be of a tz1 key,`);
  return { publicKey: key.publicKey, sign: bytes => keystore.sign(key.pkh, bytes) };
}
