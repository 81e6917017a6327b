export { newAttribution, stepAttribution } from './attribution.ts';
export type {
  AttributionEffect,
  AttributionEvent,
  AttributionState,
  Right,
} from './attribution.ts';
export { BUDGET_FAULTS, budgetOf, type Budget } from './budget.ts';
export { newInclusion, stepInclusion, UNDECIDED } from './inclusion.ts';
export type { Decision, InclusionEffect, InclusionEvent, InclusionState } from './inclusion.ts';
export type { SeatInclusion, Undecided, Verdict } from './inclusion.ts';
export { bearsOnRights, type BearingEffect, type NodeReceipt, type SignerAnswer } from './page.ts';
export { PASS_FAULTS, readAttestations } from './pass.ts';
export type { IncludedVote, PassAnswers, PassFault } from './pass.ts';
export { FAULTS, MISS_REASONS } from './reasons.ts';
export type { Fault, MissReason, MissReasonRow, NodeAnswer } from './reasons.ts';
