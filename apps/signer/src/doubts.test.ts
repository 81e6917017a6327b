import { beforeEach, expect, test } from 'vitest';
import { KINDS } from '@meridian/watermark';
import { Doubts } from './doubts.ts';
import { BAKER, CHAIN, OTHER } from './fixtures.ts';

const KEY = { chainId: CHAIN, pkh: BAKER.pkh };
const ROW = { ...KEY, kind: 'attestation' } as const;

let doubts: Doubts;
beforeEach(() => {
  doubts = new Doubts();
  doubts.note(ROW, { code: 'store_went_back' });
});

test('the first reason for a doubt stays, and it is about its key alone', () => {
  doubts.note(ROW, { code: 'edited_row' });
  doubts.note({ ...ROW, pkh: OTHER.pkh }, { code: 'conflicting_vote' });
  expect(doubts.of(KEY)).toEqual({ code: 'store_went_back' });
  expect(doubts.of({ ...KEY, pkh: OTHER.pkh })).toBeUndefined();
  expect(doubts.count()).toBe(1);
});

test('a doubt ends once the last kind of its key is trusted again, in however many steps', () => {
  doubts.trust(KEY, ['block'], KINDS);
  doubts.trust(KEY, ['attestation'], KINDS);
  doubts.trust(KEY, ['block'], KINDS);
  expect(doubts.of(KEY)).toEqual({ code: 'store_went_back' });
  doubts.trust(KEY, ['preattestation'], KINDS);
  expect(doubts.of(KEY)).toBeUndefined();
  doubts.note(ROW, { code: 'edited_row' });
  doubts.trust(KEY, ['preattestation'], KINDS);
  expect(doubts.of(KEY)).toEqual({ code: 'edited_row' });
});

test('a row that is doubted after it was trusted again has to be trusted anew', () => {
  doubts.trust(KEY, ['attestation', 'block'], KINDS);
  doubts.note(ROW, { code: 'missing_row' });
  doubts.trust(KEY, ['preattestation'], KINDS);
  expect(doubts.of(KEY)).toEqual({ code: 'store_went_back' });
  doubts.trust(KEY, ['attestation'], KINDS);
  expect(doubts.of(KEY)).toBeUndefined();
});

test('what is no doubt about a row takes no trust away', () => {
  doubts.trust(KEY, ['attestation', 'block'], KINDS);
  doubts.note(ROW, { code: 'below_mark' });
  doubts.trust(KEY, ['preattestation'], KINDS);
  expect(doubts.of(KEY)).toBeUndefined();
});
