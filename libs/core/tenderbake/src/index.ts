export type { AttestationMark, Ballot, LevelFacts } from './proposal.ts';
export { candidateName, type Candidate, type Proposal, type Seat } from './proposal.ts';
export { stepVoter } from './step.ts';
export { ABSTENTIONS, newVoter } from './voter.ts';
export type { Abstention, AbstentionRow, Marks, Step } from './voter.ts';
export type { VoterEffect, VoterEvent, VoterOptions, VoterState } from './voter.ts';
