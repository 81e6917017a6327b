import { describe, expect, test } from 'vitest';
import { advance, continuationRefusal, seal, type Row } from './index.ts';
import { latch, release, takeOver } from './administration.ts';
import { activeRow, at, authority, granted, request } from './fixtures.ts';

const known = granted(
  advance(activeRow('attestation'), request({ kind: 'attestation', level: 101 })),
).row;
const codeOf = (stored: Row | undefined) => continuationRefusal(known, stored)?.code;

describe('a stored row continues what is known of it', () => {
  test('as it is, and after every lawful change', () => {
    const wish = request({ kind: 'attestation', level: 101 });
    const sealed = granted(seal(known, wish, 'sig'));
    const next = granted(advance(known, request({ kind: 'attestation', level: 102 }))).row;
    const raisedAtMark = authority('break_glass', { epoch: 2, floor: at(101) });
    for (const stored of [
      known,
      sealed,
      next,
      latch(known),
      granted(takeOver(known, raisedAtMark)),
    ]) {
      expect(codeOf(stored)).toBeUndefined();
    }
  });

  test('not when it is missing, or was put back', () => {
    expect(codeOf(undefined)).toBe('missing_row');
    expect(codeOf({ ...known, seq: known.seq - 1 })).toBe('store_went_back');
  });

  test('not when its mark fell, however far it has counted since', () => {
    expect(codeOf({ ...known, ...at(100), seq: known.seq + 5 })).toBe('store_went_back');
  });

  test('not when it speaks of another payload at the place that is known', () => {
    expect(codeOf({ ...known, digest: 'ff', seq: known.seq + 1 })).toBe('edited_row');
  });

  test.each<Partial<Row>>([
    { mode: 'standby' },
    { site: 'ie' },
    { epoch: 9 },
    { maxLevel: 7 },
    { digest: null },
    { signature: 'sig' },
    { level: at(500).level },
    { burntEpoch: 9 },
  ])('not when it stands still and says %o', edit => {
    expect(codeOf({ ...known, ...edit })).toBe('edited_row');
  });

  test.each<[string, Partial<Row>]>([
    ['belongs to another site under the same epoch', { site: 'ie' }],
    ['has an earlier epoch', { epoch: 0 }],
    ['forgot a burnt epoch', { burntEpoch: -1 }],
    ['has a shorter lease under the same epoch', { maxLevel: 200 }],
  ])('not when it moved on and %s', (_what, edit) => {
    expect(codeOf({ ...known, ...edit, seq: known.seq + 3 })).toBe('edited_row');
    const frozen = { ...known, mode: 'frozen' } as const;
    expect(continuationRefusal(frozen, { ...frozen, ...edit, seq: known.seq + 3 })?.code).toBe(
      'edited_row',
    );
  });

  test.each(['standby', 'frozen', 'latched'] as const)(
    'not when it woke from %s, unless under a later epoch',
    mode => {
      const asleep = { ...known, mode };
      const awake = { ...known, seq: known.seq + 1 };
      expect(continuationRefusal(asleep, awake)?.code).toBe('edited_row');
      const later = { ...awake, epoch: known.epoch + 1, site: 'ie', maxLevel: 150 };
      expect(continuationRefusal(asleep, later)).toBeUndefined();
    },
  );

  test('not when it is another incarnation, unless an operator released it since', () => {
    expect(codeOf({ ...known, incarnation: 'other' })).toBe('other_incarnation');
    const given = { floor: at(200), horizonEnd: 200, incarnation: 'second' };
    expect(codeOf(granted(release(latch(known), given)))).toBe('superseded');
  });
});
