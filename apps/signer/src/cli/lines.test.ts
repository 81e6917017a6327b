import { expect, test } from 'vitest';
import type { Outcome } from '../admin/action.ts';
import { BAKER, OTHER } from '../fixtures.ts';
import { activationLines } from './lines.ts';

const statement = { expires_level: 110 };
const done = { public_key_hash: BAKER.pkh, rows: [] };
const refused = {
  ...{ public_key_hash: OTHER.pkh },
  refused: { code: 'floor_too_far', message: 'too far', field: 'statement.keys[1].floor.level' },
} as const;
const lines = (...keys: Outcome['keys']): readonly string[] => activationLines({ keys, statement });

test('a statement that was refused for some keys says until when it stays good for them', () => {
  expect(lines(done, refused)).toEqual([
    ...[BAKER.pkh, '  no row', OTHER.pkh],
    '  refused  floor_too_far: too far (statement.keys[1].floor.level)',
    'the statement stays good for the refused keys until the head is above level 110',
  ]);
});

test('a statement that was used for all of its keys says no more than their rows', () => {
  expect(lines(done)).toEqual([BAKER.pkh, '  no row']);
});
