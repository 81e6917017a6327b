export type { SignerLimits } from './limits.ts';
export type { Trouble } from './question.ts';
export { signerClient } from './signer-client.ts';
export type { SignerClient, SignOptions, SignOutcome } from './signer-client.ts';
