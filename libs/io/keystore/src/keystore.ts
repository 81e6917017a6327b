import type { PublicKey, PublicKeyHash, Signature } from '@meridian/tezos';

/** A key that a keystore signs with. */
export type NamedKey = {
  readonly name: string;
  readonly pkh: PublicKeyHash;
  readonly publicKey: PublicKey;
};

/** Signs with keys that never leave it. */
export type Keystore = {
  readonly keys: () => readonly NamedKey[];
  /**
   * Signs a payload as the chain expects it of the key's curve.
   * @throws KeystoreError `unknown_key`
   */
  readonly sign: (pkh: PublicKeyHash, payload: Uint8Array) => Promise<Signature>;
  /**
   * The proof that this keystore holds the secret of a tz4 key, over the bytes of that key or of `blsKey`. It is made
   * under a suite of its own, so it is never a vote or a block.
   * @throws KeystoreError `unknown_key`, `no_bls_key`
   */
  readonly provePossession: (pkh: PublicKeyHash, blsKey?: PublicKey) => Promise<Signature>;
};
