export { newInclusion, stepInclusion, UNDECIDED } from './inclusion.ts';
export type { Decision, InclusionEffect, InclusionEvent, InclusionState } from './inclusion.ts';
export type { SeatInclusion, Undecided, Verdict } from './inclusion.ts';
export { PASS_FAULTS, readAttestations } from './pass.ts';
export type { IncludedVote, PassAnswers, PassFault } from './pass.ts';
