/** Why a key could not be opened or used. */
export const KEYSTORE_ERRORS = {
  unreadable_file: 'a file of a key or password cannot be read',
  exposed_file: 'a file of a secret may be read by others than its owner',
  malformed_secret: 'a file holds no secret key of a known kind',
  wrong_password: 'the password does not open the key',
  missing_password: 'an encrypted key needs a password file',
  twice: 'two entries hold the same key',
  unknown_key: 'the keystore does not hold this key',
  no_bls_key: 'only a tz4 key proves its possession, over the bytes of a BLS key',
} as const;

/** One of the codes of {@link KEYSTORE_ERRORS}. */
export type KeystoreErrorCode = keyof typeof KEYSTORE_ERRORS;

/** The one error of keystores. It never repeats a secret. */
export class KeystoreError extends Error {
  override readonly name = 'KeystoreError';
  readonly code: KeystoreErrorCode;

  constructor(code: KeystoreErrorCode, what: string) {
    super(`${what}: ${KEYSTORE_ERRORS[code]}`);
    this.code = code;
  }
}
