import { expect, test } from 'vitest';
import type { Signature } from '@meridian/tezos';
import { ReleasedSignatures } from './released.ts';

const MORE_THAN_FIT = 8_193;

test('the latest signatures are remembered, each under its own name, and no more than fit', () => {
  const released = new ReleasedSignatures();
  for (let at = 0; at < MORE_THAN_FIT; at += 1)
    released.add(at.toString(), `sig${at.toString()}` as Signature);
  expect(released.get('0')).toBeUndefined();
  expect(released.get('1')).toBe('sig1');
  expect(released.get('8192')).toBe('sig8192');
  expect(released.get('9000')).toBeUndefined();
});
