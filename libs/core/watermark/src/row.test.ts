import { expect, test } from 'vitest';
import { toBase58 } from '@meridian/tezos';
import { keyOf, PKH, TZ4 } from './fixtures.ts';
import { rowName } from './index.ts';

test('a name tells rows of two chains, two keys and two kinds apart, and has nothing else of a row in it', () => {
  const key = keyOf('attestation', PKH);
  const otherChain = toBase58('chainId', Uint8Array.of(1, 2, 3, 4));
  const others = [
    { ...key, chainId: otherChain },
    keyOf('attestation', TZ4),
    keyOf('preattestation', PKH),
  ];
  expect(new Set([key, ...others].map(rowName)).size).toBe(4);
  expect(rowName({ ...key, ...{ level: 7, seq: 3 } })).toBe(rowName(key));
});
