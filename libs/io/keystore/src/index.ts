export { encryptSecret } from './encrypted.ts';
export { KEYSTORE_ERRORS, KeystoreError, type KeystoreErrorCode } from './errors.ts';
export type { Keystore, NamedKey } from './keystore.ts';
export { softwareKeystore, type SoftwareKey } from './software.ts';
