export { ENDORSER } from './endorser.ts';
export { commentedFile } from './render.ts';
export { SIGNER } from './signer.ts';
export { CONFIGURATIONS, readFileOf, readPartOfEndorser, type Configured } from './tables.ts';
