import { describe, expect, test } from 'vitest';
import { err, ok } from '@meridian/prelude';
import { changeOf, changeOfRows, latch, raise, writesOf } from './administration.ts';
import { activeRow, at, granted, keyOf, PKH } from './fixtures.ts';
import type { Row } from './index.ts';

const rows = [activeRow('block'), activeRow('attestation')] as const;
const [block, attestation] = rows;
const KEY = { chainId: block.chainId, pkh: PKH };

describe('a change of the rows of a key', () => {
  test('is made for each kind that is named, and for a row that is not there yet', () => {
    const seen: unknown[] = [];
    const change = changeOf(KEY, ['preattestation', 'block'], (row, key) => {
      seen.push([row, key]);
      return ok(block);
    });
    expect(change(rows)).toEqual(ok([block, block]));
    expect(seen).toEqual([
      [undefined, keyOf('preattestation')],
      [block, keyOf('block')],
    ]);
  });

  test('of rows that are there is refused where one is not', () => {
    const change = changeOfRows(KEY, ['block', 'preattestation'], ok);
    expect(change(rows)).toEqual(err('not_provisioned'));
    expect(changeOfRows(KEY, ['block', 'attestation'], ok)(rows)).toEqual(ok(rows));
  });

  test('is none at the first refusal', () => {
    const change = changeOf(KEY, ['block', 'attestation'], row =>
      row === block ? ok(latch(block)) : err('wrong_mode'),
    );
    expect(change(rows)).toEqual(err('wrong_mode'));
  });
});

describe('what a change writes', () => {
  test('is what is new, and not what came back as it was', () => {
    const raised = granted(raise(block, at(150), 'set'));
    expect(writesOf(KEY, rows, [raised, attestation])).toEqual([raised]);
  });

  test.each<[string, Row]>([
    ['a mark that fell', { ...block, ...at(1), digest: null }],
    ['another payload at the mark', { ...block, digest: 'ff' }],
    ['an epoch that went back', { ...block, epoch: block.epoch - 1 }],
    ['a generation that went back', { ...block, generation: block.generation - 1 }],
    ['a burnt epoch that went back', { ...block, burntEpoch: block.burntEpoch - 1 }],
    ['a row of another key', { ...block, pkh: keyOf('block', 'tz1other' as never).pkh }],
    ['a row over one that it did not come from', { ...block, seq: block.seq + 1 }],
  ])('is never %s', (_what, changed) => {
    const next = { ...changed, seq: changed.seq + 1 };
    expect(() => writesOf(KEY, rows, [next])).toThrow();
  });

  test('of a row that is not there yet is one that stands by', () => {
    const fresh = { ...block, kind: 'preattestation', seq: 0 } as const;
    expect(() => writesOf(KEY, rows, [fresh])).toThrow(/a new row stands by/);
    expect(writesOf(KEY, rows, [{ ...fresh, mode: 'standby' }])).toHaveLength(1);
  });

  test('of a latched row ends the latch by a release alone', () => {
    const latched = latch(block);
    const next = { ...latched, latchedFrom: null, seq: latched.seq + 1 };
    const release = { generation: latched.generation + 1, incarnation: 'second' };
    for (const mode of ['standby', 'frozen', 'active'] as const) {
      expect(() => writesOf(KEY, [latched], [{ ...next, mode }])).toThrow(/a latch ends/);
    }
    expect(() => writesOf(KEY, [latched], [{ ...next, ...release, mode: 'active' }])).toThrow();
    expect(writesOf(KEY, [latched], [{ ...next, ...release, mode: 'standby' }])).toHaveLength(1);
  });

  test('is one row for each kind', () => {
    const raised = granted(raise(block, at(150), 'set'));
    expect(() => writesOf(KEY, rows, [raised, raised])).toThrow(/one row for each kind/);
  });
});
