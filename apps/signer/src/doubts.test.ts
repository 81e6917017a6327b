import { beforeEach, expect, test } from 'vitest';
import { KINDS, type Row } from '@meridian/watermark';
import { Doubts, latchDoubted } from './doubts.ts';
import { activeStore, BAKER, CHAIN, OTHER } from './fixtures.ts';

const KEY = { chainId: CHAIN, pkh: BAKER.pkh };
const NOTED = { ...KEY, kind: 'attestation', generation: 1 } as const;

const [MADE] = await (await activeStore()).rows();
/** The rows of the key as they are after so many releases. */
const released = (generation: number, kinds: readonly Row['kind'][] = KINDS): readonly Row[] =>
  kinds.map(kind => ({ ...MADE!, kind, generation, incarnation: `of-${generation.toString()}` }));

let doubts: Doubts;
beforeEach(() => {
  doubts = new Doubts();
  doubts.note(NOTED, { code: 'store_went_back' });
});

test('the first reason for a doubt stays, and it is about its key alone', () => {
  doubts.note(NOTED, { code: 'edited_row' });
  doubts.note({ ...NOTED, pkh: OTHER.pkh }, { code: 'conflicting_vote' });
  expect(doubts.of(KEY)).toEqual({ code: 'store_went_back' });
  expect(doubts.of({ ...KEY, pkh: OTHER.pkh })).toBeUndefined();
  expect(doubts.count()).toBe(1);
});

test('a doubt ends with a release that is later than what was seen when it was noted, and with no other', () => {
  doubts.trust([]);
  for (const generation of [0, 1]) doubts.trust(released(generation));
  expect(doubts.of(KEY)).toEqual({ code: 'store_went_back' });
  doubts.trust(released(2));
  expect(doubts.of(KEY)).toBeUndefined();
  doubts.note({ ...NOTED, generation: 2 }, { code: 'edited_row' });
  doubts.trust(released(2));
  expect(doubts.of(KEY)).toEqual({ code: 'edited_row' });
});

test('what the store had when it was noted counts as seen, whatever this signer knew', () => {
  doubts.note(NOTED, { code: 'other_incarnation' }, { ...NOTED, generation: 4 });
  const [seen] = released(5, ['block']);
  doubts.note({ ...NOTED, kind: 'block' }, { code: 'store_went_back', row: seen! });
  doubts.trust(released(5));
  expect(doubts.of(KEY)).toEqual({ code: 'store_went_back' });
  doubts.trust(released(6));
  expect(doubts.of(KEY)).toBeUndefined();
});

test('a release that was seen before the doubt, and never adopted, does not end it', () => {
  const other = new Doubts();
  other.note(NOTED, { code: 'superseded' }, { ...NOTED, generation: 2 });
  other.note(NOTED, { code: 'missing_row' });
  other.trust(released(2));
  expect(other.of(KEY)).toEqual({ code: 'missing_row' });
  // What is seen in a doubt may be the release that ends it.
  other.note(NOTED, { code: 'superseded' }, { ...NOTED, generation: 3 });
  other.trust(released(3));
  expect(other.of(KEY)).toBeUndefined();
});

test('what was seen of a release is told apart from a doubt once that release was adopted', () => {
  const other = new Doubts();
  other.note(NOTED, { code: 'superseded' }, { ...NOTED, generation: 2 });
  other.trust(released(2));
  other.note(NOTED, { code: 'store_went_back' });
  other.trust(released(2));
  expect(other.count()).toBe(0);
});

test('rows of another release do not end a doubt, nor do they take part in it for being new', () => {
  const [block, ...others] = released(2);
  doubts.trust([...released(1, ['block']), ...others]);
  expect(doubts.of(KEY)).toEqual({ code: 'store_went_back' });
  doubts.trust([{ ...block!, generation: 0, incarnation: 'made-since' }, ...others]);
  expect(doubts.of(KEY)).toEqual({ code: 'store_went_back' });
  doubts.trust([block!, ...others]);
  expect(doubts.of(KEY)).toBeUndefined();
});

test('a kind that was in doubt has to be known again, however many others are', () => {
  doubts.note({ ...NOTED, kind: 'block' }, { code: 'missing_row' });
  doubts.trust(released(2, ['attestation', 'preattestation']));
  expect(doubts.of(KEY)).toEqual({ code: 'store_went_back' });
  doubts.trust(released(2));
  expect(doubts.of(KEY)).toBeUndefined();
});

test('a late word about a row that was released since takes its trust away no more than for a moment', () => {
  doubts.note({ ...NOTED, kind: 'block', generation: 0 }, { code: 'missing_row' });
  doubts.trust(released(2));
  doubts.note(NOTED, { code: 'missing_row' });
  doubts.trust(released(2));
  expect(doubts.of(KEY)).toBeUndefined();
});

test('a release of this signer itself ends a doubt', () => {
  doubts.end(KEY);
  expect(doubts.of(KEY)).toBeUndefined();
});

test('what is no doubt about a row raises nothing that a release has to be above', () => {
  doubts.note({ ...NOTED, generation: 2 }, { code: 'below_mark' });
  doubts.trust(released(2));
  expect(doubts.of(KEY)).toBeUndefined();
});

test('a key is latched for a row that does not continue what was known, and for no row that does by then', async () => {
  const store = await activeStore();
  const [row] = await store.rows();
  const modes = async () => new Set((await store.rows()).map(({ mode }) => mode));
  await latchDoubted(store, row!);
  expect(await modes()).toEqual(new Set(['active']));
  await latchDoubted(store, { ...row!, seq: row!.seq + 1 });
  expect(await modes()).toEqual(new Set(['latched']));
});
