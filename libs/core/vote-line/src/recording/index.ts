export { NEW_REPLAY, replayLine, type Difference, type Replay, type Replayed } from './replay.ts';
export { eventLine, headerLine, stateLines, type RecordedOptions } from './write.ts';
