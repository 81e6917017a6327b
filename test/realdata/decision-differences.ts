/*
 * Where other signers decide otherwise than the rule here, and why. The decisions themselves are recorded in
 * ../shared/realdata/watermark_decisions.json; a test holds this table against them, row by row.
 */

/** Why a decision differs. */
export const REASONS = {
  floor:
    'A mark of unknown origin is a floor here: nothing at it is signed. The Ledger takes the first vote there.',
  own_row: 'Each kind has its own row here. The Ledger has one mark for all kinds of a chain.',
  block_again:
    'A block is never given to a vault twice here: only its stored signature leaves again, and there is none.',
  same_vote:
    'The very bytes of a vote are signed again here: a client that lost the answer asks again, and one payload is no evidence.',
  no_ballots: 'Only blocks, preattestations and attestations are signed here.',
} as const;

/** One decision that differs. */
export type Difference = {
  /** Number of the item in the recording, and of the step in it, from 1. */
  readonly item: number;
  readonly step: number;
  readonly signer: 'Ledger baking app' | 'Signatory' | 'tacoinfra remote-signer';
  /** What is asked for. A step of no kind is asked for each kind here. */
  readonly asked: string;
  /** What is decided here; the other signer decides the opposite. */
  readonly here: 'allow' | 'deny';
  readonly why: keyof typeof REASONS;
};

export const DIFFERENCES: readonly Difference[] = [
  {
    item: 4,
    step: 2,
    signer: 'Ledger baking app',
    asked: 'preattestation at level 1, round 1',
    here: 'allow',
    why: 'own_row',
  },
  {
    item: 11,
    step: 1,
    signer: 'Ledger baking app',
    asked: 'attestation at level 1, round 0',
    here: 'deny',
    why: 'floor',
  },
  {
    item: 12,
    step: 1,
    signer: 'Ledger baking app',
    asked: 'attestation at level 1, round 0',
    here: 'deny',
    why: 'floor',
  },
  {
    item: 13,
    step: 1,
    signer: 'Ledger baking app',
    asked: 'attestation_with_dal at level 1, round 0',
    here: 'deny',
    why: 'floor',
  },
  {
    item: 33,
    step: 1,
    signer: 'Signatory',
    asked: 'block at level 1, round 1',
    here: 'deny',
    why: 'block_again',
  },
  {
    item: 46,
    step: 5,
    signer: 'tacoinfra remote-signer',
    asked: 'Preendorsement at level 11, round 6',
    here: 'allow',
    why: 'same_vote',
  },
  {
    item: 46,
    step: 7,
    signer: 'tacoinfra remote-signer',
    asked: 'Preendorsement at level 11, round 6',
    here: 'allow',
    why: 'same_vote',
  },
  {
    item: 46,
    step: 14,
    signer: 'tacoinfra remote-signer',
    asked: 'Ballot',
    here: 'deny',
    why: 'no_ballots',
  },
];

/** The page docs/decisions.md. */
export function decisionsPage(): string {
  const rows = DIFFERENCES.map(({ item, step, signer, asked, here, why }) =>
    [
      `${item}.${step}`,
      signer,
      asked,
      here === 'allow' ? 'deny' : 'allow',
      here,
      REASONS[why],
    ].join(' | '),
  );
  return [
    '# Decisions of other signers',
    'Decisions of real signers were recorded and are held against the rule here (`libs/core/watermark/src/advance.ts`). They agree but for these, each with its reason. Written by `npm run docs` from the table that `test/realdata/watermark-decisions.test.ts` holds against the recording; it fails for a difference without a row, and for a row without a difference.',
    [
      '| decision | signer | asked | there | here | why |',
      '| --- | --- | --- | --- | --- | --- |',
      ...rows.map(row => `| ${row} |`),
    ].join('\n'),
    '',
  ].join('\n\n');
}
