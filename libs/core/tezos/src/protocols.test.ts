import { describe, expect, test } from 'vitest';
import { fromBase58 } from './base58.ts';
import { PROTOCOLS, protocolByCodec, protocolByHash } from './protocols.ts';

describe('the table of protocols', () => {
  test.each(PROTOCOLS)('has $codec once, with a hash that is one', ({ hash, number, codec }) => {
    expect(fromBase58('protocolHash', hash).length).toBe(32);
    for (const field of ['hash', 'number', 'codec'] as const) {
      const own = { hash, number, codec }[field];
      expect(PROTOCOLS.filter(protocol => protocol[field] === own).length).toBe(1);
    }
  });

  test('finds a protocol by its hash and by its name for octez-codec', () => {
    for (const protocol of PROTOCOLS) {
      expect(protocolByHash(protocol.hash)).toBe(protocol);
      expect(protocolByCodec(protocol.codec)).toBe(protocol);
    }
    expect(protocolByHash('PtUnknown')).toBeUndefined();
    expect(protocolByCodec('026-PtUnknow')).toBeUndefined();
  });

  test('names the protocols that bake as octez-codec does', () => {
    const full = PROTOCOLS.filter(({ support }) => support === 'full');
    expect(full.map(({ codec }) => codec)).toEqual([
      '023-PtSeouLo',
      '024-PtTALLiN',
      '025-PsUshuai',
      'alpha',
    ]);
  });

  test('has adaptive issuance votes from 018 to 023 only', () => {
    const adaptive = PROTOCOLS.filter(({ headerVotes }) => headerVotes === 'toggle-and-adaptive');
    expect(adaptive.map(({ number }) => number)).toEqual([
      '018',
      '019',
      '020',
      '021',
      '022',
      '023',
    ]);
  });
});
