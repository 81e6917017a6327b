export { aggregateSignatures, provePossession } from './bls.ts';
export { verifyAggregate, verifyPossession } from './bls.ts';
export { companionWeight, weightedPublicKey, weightedSignature } from './companion.ts';
export type { CompanionKeys } from './companion.ts';
export { publicKey, publicKeyHash, publicKeyHashOf, publicKeyOf } from './keys.ts';
export { secretKey, secretKeyOfSeed, sign, verify } from './keys.ts';
