export { driveLine, type DrivenLine, type Outside } from './drive.ts';
export { readAll, wordOf } from './nodes.ts';
export { nativeVerifier } from './verifier.ts';
