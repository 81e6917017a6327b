import type { ProtocolProblemCode } from '@meridian/signer-protocol';
import type { Abstention } from '@meridian/tenderbake';
import type { RefusalCode } from '@meridian/watermark';

/** Whose fault a missed vote is. */
export const FAULTS = {
  ours: 'our own endorser, signers, store or their operators',
  node: 'an edge node, or the way to it',
  proposer: 'the baker whose block should have had the vote',
  chain: 'how the rounds of the level went for everybody',
} as const;

/** One of the keys of {@link FAULTS}. */
export type Fault = keyof typeof FAULTS;

/** What a reason says. */
export type MissReasonRow = { readonly fault: Fault; readonly text: string };

/**
 * Every reason for which a right is missed. The order is the precedence: of all that hold, the first is the reason. The
 * further a vote came the earlier its reasons stand: what nodes said, what signers said, what the endorser saw.
 */
export const MISS_REASONS = {
  left_out: {
    fault: 'proposer',
    text: 'a quorum of the nodes took the vote before the time of the next block, which does not have it',
  },
  forbidden: {
    fault: 'ours',
    text: 'the delegate may not attest for now, after double votes or blocks',
  },
  injection_refused: {
    fault: 'ours',
    text: 'nodes refused the vote: its content, or because they take none from us',
  },
  published_late: {
    fault: 'ours',
    text: 'the vote was handed to the nodes after the time of the next block, or they called it late',
  },
  node: {
    fault: 'node',
    text: 'fewer nodes than a quorum took the vote in time: they were away, behind, slow or busy',
  },
  conflicting: {
    fault: 'ours',
    text: 'another payload or branch was signed at this level and round: two programs disagree',
  },
  latched: { fault: 'ours', text: 'the key is latched after a fault of its store' },
  fenced: { fault: 'ours', text: 'the watermark belongs to another site, or to another epoch' },
  frozen: { fault: 'ours', text: 'this site handed the right to sign to another one' },
  standby: { fault: 'ours', text: 'this site stands by: it was not given the right to sign' },
  lease_exhausted: {
    fault: 'ours',
    text: 'the level lies beyond the levels that this site was granted',
  },
  below_mark: { fault: 'ours', text: 'a later level or round was signed, or may have been' },
  store: {
    fault: 'ours',
    text: 'the watermark could not be made durable, or is not what the signer knew',
  },
  signer_refused: { fault: 'ours', text: 'the signers refused for another reason; see the code' },
  signer_slow: { fault: 'ours', text: 'no signer gave a signature in time' },
  stopped: { fault: 'ours', text: 'the endorser was not running for all of the level' },
  locked: {
    fault: 'chain',
    text: 'the key had attested another payload, and nothing in the block unlocked it',
  },
  late_block: { fault: 'node', text: 'the block was seen after its round had ended' },
  abstained: {
    fault: 'chain',
    text: 'another block of the same round, or a payload with a prequorum, came before this one',
  },
  no_prequorum: {
    fault: 'chain',
    text: 'the block was preattested, but no prequorum was seen in its round',
  },
  migration_block: {
    fault: 'chain',
    text: 'the block is the first of a protocol: it takes no votes, and nobody counts them',
  },
  protocol_unknown: {
    fault: 'ours',
    text: 'this version does not know the protocol, and no configuration says which one it equals',
  },
  no_rights_data: { fault: 'node', text: 'the rights of the level were not agreed on in time' },
  block_unseen: { fault: 'node', text: 'no node brought the block, or nothing proved it' },
} as const satisfies Record<string, MissReasonRow>;

/** One of the codes of {@link MISS_REASONS}. */
export type MissReason = keyof typeof MISS_REASONS;

const ORDER = Object.keys(MISS_REASONS) as readonly MissReason[];

/** The first in the order of {@link MISS_REASONS}; undefined of none. */
export function firstOf(reasons: readonly MissReason[]): MissReason | undefined {
  return ORDER.find(reason => reasons.includes(reason));
}

/** What a refusal of the watermark makes a vote miss for. */
const OF_REFUSAL: Readonly<Record<RefusalCode, MissReason>> = {
  missing_row: 'store',
  other_incarnation: 'store',
  store_went_back: 'store',
  edited_row: 'store',
  superseded: 'fenced',
  unknown_row: 'standby',
  latched: 'latched',
  standby: 'standby',
  frozen: 'frozen',
  fenced: 'fenced',
  lease_exhausted: 'lease_exhausted',
  beyond_horizon: 'signer_refused',
  below_mark: 'below_mark',
  equivalent_vote_signed: 'signer_slow',
  conflicting_vote: 'conflicting',
  conflicting_block: 'conflicting',
  block_spent: 'signer_refused',
};

/** The same of what signers say before the watermark is asked, where it is more than `signer_refused`. */
const OF_PROBLEM: Readonly<Partial<Record<ProtocolProblemCode, MissReason>>> = {
  signing_in_progress: 'signer_slow',
  store_unavailable: 'store',
  vault_unavailable: 'signer_slow',
};

/** The same of what an endorser says where no signer answered, or one answered with another vote. */
const OF_ASKER: Readonly<Record<string, MissReason>> = {
  unavailable: 'signer_slow',
  other_vote_released: 'conflicting',
};

const OF_CODE: Readonly<Record<string, MissReason | undefined>> = {
  ...OF_REFUSAL,
  ...OF_PROBLEM,
  ...OF_ASKER,
};

/** What a vote that nobody signed is missed for, by the code for which it was not signed. */
export function reasonOfCode(code: string): MissReason {
  return (Object.hasOwn(OF_CODE, code) ? OF_CODE[code] : undefined) ?? 'signer_refused';
}

/** What a block that was not voted on is missed for. */
export const REASON_OF_ABSTENTION: Readonly<Record<Abstention, MissReason>> = {
  late_block: 'late_block',
  rival_block: 'abstained',
  locked: 'locked',
  lesser_branch: 'abstained',
  marks_unknown: 'signer_slow',
  no_prequorum: 'no_prequorum',
  migration_block: 'migration_block',
  protocol_unknown: 'protocol_unknown',
  rights_unknown: 'no_rights_data',
};

/** What a node may say to a vote, as far as it matters here, and what a vote that too few took is missed for then. */
export const NODE_ANSWERS = {
  taken: 'node',
  late: 'published_late',
  forbidden: 'forbidden',
  refused: 'injection_refused',
  away: 'node',
  stopped: 'stopped',
} as const satisfies Record<string, MissReason>;

/** One of the keys of {@link NODE_ANSWERS}. */
export type NodeAnswer = keyof typeof NODE_ANSWERS;
