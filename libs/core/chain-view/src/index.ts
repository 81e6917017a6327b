export { termsOf } from './terms.ts';
export { checkJobs, type Findings, type Job } from './check.ts';
export type { Verifier } from './judge.ts';
export {
  NODE_FAULTS,
  operationHashesPath,
  participationPath,
  pathOf,
  RESTARTS,
  type NodeFault,
  type NodeWord,
} from './messages.ts';
export type { RestartReason, StreamState, Topic, ViewEvent, ViewStream } from './messages.ts';
export {
  newView,
  type NodeHealth,
  type ViewEffect,
  type ViewOptions,
  type ViewState,
} from './state.ts';
export { stepView } from './step.ts';
