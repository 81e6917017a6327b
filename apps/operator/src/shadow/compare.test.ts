import type { IncludedVote } from '@meridian/attribution';
import { instant } from '@meridian/prelude';
import { level, round, slot, toBase58 } from '@meridian/tezos';
import type { LineEffect } from '@meridian/vote-line';
import { describe, expect, test } from 'vitest';
import { compare, type JudgedRight } from './compare.ts';
import { EMPTY_PAGE, noteCast, noteEffect, type Diary } from './diary.ts';
import { OUTCOMES, type ShadowReason } from './outcomes.ts';
import { countLevel, countRight, EMPTY_TALLY, isAsGood, lineOf, linesOf } from './report.ts';
import { summaryOf } from './report.ts';

const KEY = 'tz1Ke2h7sDdakHJQh8WX4Z372du1KChsksyU' as never;
const SEAT = { delegate: KEY, consensusKey: KEY, slot: slot(5), power: 1 };
const LEVEL = level(123);
const at = (ms: number) => instant(1_800_000_000_000 + ms);
const payloadOf = (name: number) => toBase58('payloadHash', new Uint8Array(32).fill(name));
const hashOf = (name: number) => toBase58('blockHash', new Uint8Array(32).fill(name));
/** What the chain attests. */
const DECIDED = { round: round(1), payloadHash: payloadOf(1) };
const SHORT = `${DECIDED.payloadHash.slice(0, 8)}…`;

/** What happens at the level; `name` is that of a payload, and of its block. */
type Happening =
  | { readonly sees: number; readonly in: number; readonly ms: number }
  | { readonly casts: 'preattestation' | 'attestation'; of: number; in: number; ms: number }
  | { readonly abstains: 'no_prequorum' | 'late_block'; from: number; slots?: readonly number[] };

function diaryOf(happenings: readonly Happening[]): Diary {
  let diary: Diary = new Map();
  for (const each of happenings) {
    if ('casts' in each) {
      const ballot = { kind: each.casts, level: LEVEL, round: round(each.in), slot: SEAT.slot };
      const full = { ...ballot, payloadHash: payloadOf(each.of), branch: hashOf(0) };
      diary = noteCast(diary, at(each.ms), { ...full, delegate: KEY, consensusKey: KEY });
      continue;
    }
    const effect =
      'sees' in each
        ? {
            kind: 'proposal',
            proposal: {
              ...{ level: LEVEL, round: round(each.in), hash: hashOf(each.sees) },
              payloadHash: payloadOf(each.sees),
            },
          }
        : {
            ...{ kind: 'abstain', level: LEVEL, hash: hashOf(each.from), reason: each.abstains },
            seats: (each.slots ?? [SEAT.slot]).map(of => ({ slot: of })),
          };
    diary = noteEffect(diary, at('ms' in each ? each.ms : 0), effect as LineEffect);
  }
  return diary;
}

const INCLUDED: IncludedVote = {
  ...DECIDED,
  slot: SEAT.slot,
  level: LEVEL,
  carrier: 'attestation',
};

function judged(
  happenings: readonly Happening[],
  vote: IncludedVote | undefined,
  keys = [KEY],
): JudgedRight {
  const page = diaryOf(happenings).get(LEVEL) ?? EMPTY_PAGE;
  return compare(LEVEL, DECIDED, { seat: SEAT, vote }, page, new Set(keys));
}

const SEEN = { sees: 1, in: 1, ms: 100 };
const PREATTESTED = { casts: 'preattestation', of: 1, in: 1, ms: 103 } as const;
const ATTESTED = { casts: 'attestation', of: 1, in: 1, ms: 112 } as const;
const OTHER = { casts: 'attestation', of: 2, in: 0, ms: 50 } as const;
const WOULD = `level 123 round 1 ${String(KEY)}: would attest ${SHORT} after 12 ms`;
const NOT = `level 123 round 1 ${String(KEY)}: chain`;

describe('a right', () => {
  test.each([
    ['agree', [SEEN, PREATTESTED, ATTESTED], INCLUDED, `${WOULD}; chain included it`],
    ['agree', [OTHER, SEEN, ATTESTED], INCLUDED, `${WOULD}; chain included it`],
    [
      ...['lost_by_chain', [SEEN, ATTESTED], undefined],
      `${WOULD}; chain has no attestation: lost by the running baker; shadow would have voted`,
    ],
    [
      ...['missed_by_shadow', [SEEN, PREATTESTED, { abstains: 'no_prequorum', from: 1 }], INCLUDED],
      `${NOT} included an attestation of ${SHORT}; shadow would NOT have voted: no_prequorum (the block was ` +
        'preattested, but no prequorum was seen in its round)',
    ],
    [
      ...['other_payload', [OTHER, SEEN], INCLUDED],
      `${NOT} included an attestation of ${SHORT}; shadow would have attested ${payloadOf(2).slice(0, 8)}… of ` +
        'round 0 instead: voted_otherwise (shadow would have attested another payload or round)',
    ],
    [
      ...['missed_by_both', [SEEN, { abstains: 'late_block', from: 1 }], undefined],
      `${NOT} has no attestation; shadow would NOT have voted: late_block (the block came after its round had ended)`,
    ],
  ] as const)('%s: %j is said in a line', (outcome, happenings, vote, line) => {
    const right = judged(happenings, vote);
    expect(right.outcome).toBe(outcome);
    expect(lineOf(right)).toBe(line);
  });

  test('is timed from its own block, and only for what the chain attests', () => {
    const early = { sees: 2, in: 0, ms: 1 };
    expect(judged([early, OTHER, SEEN, PREATTESTED, ATTESTED], INCLUDED)).toMatchObject({
      ...{ preattestationMs: 3, attestationMs: 12, otherwise: null, reason: null },
    });
    expect(judged([early, OTHER, SEEN, PREATTESTED], INCLUDED)).toMatchObject({
      ...{ preattestationMs: 3, attestationMs: null },
      otherwise: { round: 0, payloadHash: payloadOf(2) },
    });
  });

  test('of another slot and another round is not taken for it', () => {
    expect(judged([SEEN, { ...ATTESTED, in: 2 }], INCLUDED).outcome).toBe('other_payload');
    const diary = diaryOf([SEEN, ATTESTED]);
    const seat = { ...SEAT, slot: slot(6) };
    const page = diary.get(LEVEL) ?? EMPTY_PAGE;
    const right = compare(LEVEL, DECIDED, { seat, vote: undefined }, page, new Set([KEY]));
    expect(right.outcome).toBe('missed_by_both');
  });

  const abstains = (from: number, slots?: readonly number[]): Happening => ({
    ...{ abstains: 'late_block', from },
    ...(slots === undefined ? {} : { slots }),
  });
  test.each<[ShadowReason, readonly Happening[], string[]?]>([
    ['block_unseen', []],
    ['block_unseen', [abstains(2)]],
    ['late_block', [SEEN, abstains(1, [])]],
    ['late_block', [SEEN, abstains(2)]],
    ['no_prequorum', [SEEN, abstains(1, [6])]],
    ['key_unknown', [SEEN, abstains(1)], []],
  ])('has the reason %s after %j', (reason, happenings, keys) => {
    expect(judged(happenings, INCLUDED, keys as never)).toMatchObject({ reason });
  });
});

describe('a run', () => {
  const agree = judged([SEEN, PREATTESTED, ATTESTED], INCLUDED);
  const lost = judged([SEEN, ATTESTED], undefined);
  const both = judged([SEEN], undefined);
  const of = (...rights: readonly JudgedRight[]) =>
    rights.reduce(countRight, countLevel(EMPTY_TALLY));
  const isGood = (tally: ReturnType<typeof of>): boolean => isAsGood(summaryOf(tally));

  test('is as good as the running baker if shadow has every vote that the chain has', () => {
    expect(isGood(of(agree, lost, both))).toBe(true);
    expect(isGood(of(agree, judged([SEEN], INCLUDED)))).toBe(false);
    expect(isGood(of(agree, judged([OTHER], INCLUDED)))).toBe(false);
  });

  test('that compared nothing, or could not tell of a level, is not', () => {
    expect(isGood(of())).toBe(false);
    expect(linesOf(summaryOf(of())).join()).toContain('says nothing about votes');
    const open = countLevel(of(agree), 'pass_unread');
    expect(isGood(open)).toBe(false);
    expect(linesOf(summaryOf(open)).join()).toContain('levels without a verdict: pass_unread 1');
  });

  test('counts outcomes, reasons of what shadow missed, and times', () => {
    const summary = summaryOf(of(agree, agree, lost, both, judged([SEEN], INCLUDED)));
    expect(summary).toEqual({
      ...{ levels: 1, rights: 5, undecided: {}, reasons: { no_prequorum: 1 } },
      outcomes: {
        ...{ agree: 2, lost_by_chain: 1, missed_by_both: 1 },
        ...{ missed_by_shadow: 1, other_payload: 0 },
      },
      blockToPreattestationMs: { p50: 3, p99: 3 },
      blockToAttestationMs: { p50: 12, p99: 12 },
    });
    expect(Object.keys(summary.outcomes)).toEqual(Object.keys(OUTCOMES));
    expect(linesOf(summary)[0]).toBe(
      '1 levels, 5 rights: agree 2, lost_by_chain 1, missed_by_both 1, missed_by_shadow 1, other_payload 0',
    );
  });
});
