export { DEFAULT_LIMITS, signerClient } from './signer-client.ts';
export type { SignerClient, SignerLimits, SignOutcome } from './signer-client.ts';
