export type { AttestationMark, Ballot, LevelFacts } from './proposal.ts';
export type { Preattestation, Proposal, Seat } from './proposal.ts';
export { stepVoter } from './step.ts';
export { ABSTENTIONS, newVoter, type Abstention, type Step } from './voter.ts';
export type { VoterEffect, VoterEvent, VoterOptions, VoterState } from './voter.ts';
