import type { BlockChecks } from './block-checks.ts';
import type { Replay, ReplayInput } from './replay.ts';
import type { VoteCheck } from './vote-checks.ts';

/** The machine's view of a replay: the last line of `--json` output. */
export type ReplaySummary = {
  readonly level: number;
  readonly protocol: string;
  /** Consensus operations that vote on the first block. */
  readonly operations: number;
  /** How many of them are, byte for byte, what Meridian forges. */
  readonly agree: number;
  /** Signatures of those whose keys are known, and how many verify over our sign-bytes. */
  readonly signaturesChecked: number;
  readonly signaturesValid: number;
  readonly blockHash: boolean;
  readonly operationsHash: boolean;
  readonly payloadHash: boolean;
  readonly stamp: boolean;
  readonly headerSignaturesChecked: number;
  readonly headerSignaturesValid: number;
  readonly operationHashesChecked: number;
  readonly operationHashesAgree: number;
  readonly notForgeable: readonly string[];
  readonly preattestations: number;
  readonly preattestationsAgree: number;
  readonly branchFrom: 'chain' | 'votes';
  readonly slotsFrom: 'rights' | 'votes';
  readonly ownVote: Replay['ownVote'];
};

export function summaryOf(input: ReplayInput, replay: Replay): ReplaySummary {
  const { blocks, attestations, preattestations } = replay;
  const signatures = [...attestations, ...preattestations].map(({ signature }) => signature);
  const headers = blocks.map(({ headerSignature }) => headerSignature);
  const all = (check: (block: BlockChecks) => boolean) => blocks.every(check);
  const sum = (count: (block: BlockChecks) => number) =>
    blocks.reduce((total, block) => total + count(block), 0);
  return {
    level: input.block.header.level,
    protocol: input.block.protocol.hash,
    operations: attestations.length,
    agree: agreeing(attestations),
    signaturesChecked: signatures.filter(each => each !== null).length,
    signaturesValid: signatures.filter(each => each === true).length,
    blockHash: all(({ blockHash }) => blockHash),
    operationsHash: all(({ operationsHash }) => operationsHash),
    payloadHash: all(({ payloadHash }) => payloadHash),
    stamp: all(({ stamp }) => stamp),
    headerSignaturesChecked: headers.filter(each => each !== null).length,
    headerSignaturesValid: headers.filter(each => each === true).length,
    operationHashesChecked: sum(({ operationHashes }) => operationHashes.checked),
    operationHashesAgree: sum(({ operationHashes }) => operationHashes.agree),
    notForgeable: [...new Set(blocks.flatMap(({ notForgeable }) => notForgeable))],
    preattestations: preattestations.length,
    preattestationsAgree: agreeing(preattestations),
    branchFrom: input.branch === undefined ? 'votes' : 'chain',
    slotsFrom: input.rights === undefined ? 'votes' : 'rights',
    ownVote: replay.ownVote,
  };
}

/** Whether everything that could be checked agrees. */
export function isSound(summary: ReplaySummary): boolean {
  return (
    summary.agree === summary.operations &&
    summary.preattestationsAgree === summary.preattestations &&
    summary.signaturesValid === summary.signaturesChecked &&
    summary.headerSignaturesValid === summary.headerSignaturesChecked &&
    summary.operationHashesAgree === summary.operationHashesChecked &&
    summary.blockHash &&
    summary.operationsHash &&
    summary.payloadHash &&
    summary.stamp &&
    summary.ownVote.verified &&
    summary.ownVote.secondPayload === 'conflicting_vote'
  );
}

/** The same for people. */
export function linesOf(summary: ReplaySummary, replay: Replay): readonly string[] {
  const { ownVote } = summary;
  const votes = replay.attestations.length + replay.preattestations.length;
  const rows: readonly (readonly [string, string])[] = [
    ['block hash', both(summary.blockHash)],
    [
      'operation hashes',
      `${of(summary.operationHashesAgree, summary.operationHashesChecked)} agree`,
    ],
    ['operations hash', both(summary.operationsHash)],
    ['payload hash', both(summary.payloadHash)],
    ['proof of work', summary.stamp ? 'both stamps below the threshold' : 'TOO LITTLE'],
    ['header signatures', known(summary.headerSignaturesValid, summary.headerSignaturesChecked, 2)],
    ['attestations', `${of(summary.agree, summary.operations)} are ours byte for byte`],
    [
      'preattestations',
      `${of(summary.preattestationsAgree, summary.preattestations)} are ours byte for byte`,
    ],
    ['vote signatures', known(summary.signaturesValid, summary.signaturesChecked, votes)],
    ['branch taken from', summary.branchFrom === 'chain' ? 'the chain' : 'the votes, which agree'],
    ['slots taken from', summary.slotsFrom === 'rights' ? 'the rights' : 'the votes'],
    ...notForgeableRow(summary.notForgeable),
    ['own vote', `${ownVote.publicKeyHash} attests level ${summary.level.toString()}`],
    ['  signed bytes', ownVote.signBytes],
    ['  signature', `${ownVote.signature} (${ownVote.verified ? 'valid' : 'INVALID'})`],
    ['  to inject', ownVote.injectable],
    ['  operation hash', ownVote.operationHash],
    [
      '  another payload',
      ownVote.secondPayload === 'allowed' ? 'ALLOWED' : `refused: ${ownVote.secondPayload}`,
    ],
  ];
  const wrong = [...replay.attestations, ...replay.preattestations].filter(
    ({ agrees, signature }) => !agrees || signature === false,
  );
  return [
    `level ${summary.level.toString()}, protocol ${summary.protocol}`,
    ...rows.map(([name, value]) => `${name.padEnd(19)}${value}`),
    ...wrong.map(differs),
    isSound(summary) ? 'everything that could be checked agrees' : 'NOT everything agrees',
  ];
}

function notForgeableRow(kinds: readonly string[]): readonly (readonly [string, string])[] {
  return kinds.length === 0 ? [] : [['hashes not checked', kinds.join(', ')]];
}

function differs({ hash, kind, agrees, signature }: VoteCheck): string {
  const bytes = agrees ? '' : ' other bytes than ours';
  return `  ${hash} ${kind}${bytes}${signature === false ? ' invalid signature' : ''}`;
}

function agreeing(votes: readonly VoteCheck[]): number {
  return votes.filter(({ agrees }) => agrees).length;
}

function both(agree: boolean): string {
  return agree ? 'both blocks agree' : 'DIFFERS';
}

function of(count: number, total: number): string {
  return `${count.toString()} of ${total.toString()}`;
}

function known(valid: number, checked: number, total: number): string {
  const rest = total - checked;
  const unknown = rest === 0 ? '' : `, ${rest.toString()} under keys that are not known`;
  return `${of(valid, checked)} valid${unknown}`;
}
