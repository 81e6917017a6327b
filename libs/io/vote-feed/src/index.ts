export { openChecker, type Checker } from './checker.ts';
export { driveLine, type DrivenLine, type Outside } from './drive.ts';
export { readAll, wordOf } from './nodes.ts';
export { readOperations, type OperationsTroubles } from './operations.ts';
export { openRecorder, type Recorder } from './recorder.ts';
export { RECORDING_FILE, recordingFolder } from './recording-disk.ts';
export { nativeVerifier } from './verifier.ts';
