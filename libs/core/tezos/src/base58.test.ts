import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromBase58, identifyBase58, toBase58 } from './base58.ts';
import { BASE58_KINDS, type Base58Kind } from './base58-kinds.ts';
import { fromHex, toHex } from './hex.ts';
import { codeOf } from './fixtures.ts';

const KINDS = Object.keys(BASE58_KINDS) as Base58Kind[];
const SHORT_KINDS = KINDS.filter(kind => BASE58_KINDS[kind].dataLength <= 96);
const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

const shortText = fc
  .constantFrom(...SHORT_KINDS)
  .chain(kind =>
    bytesOf(BASE58_KINDS[kind].dataLength).map(data => ({ kind, text: toBase58(kind, data) })),
  );

function bytesOf(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

describe('base58check', () => {
  test.each(SHORT_KINDS)('a %s comes back from its text, and as no other kind', kind => {
    const { dataLength } = BASE58_KINDS[kind];
    const property = fc.property(bytesOf(dataLength), data => {
      const text = toBase58(kind, data);
      expect(toHex(fromBase58(kind, text))).toBe(toHex(data));
      expect(identifyBase58(KINDS, text)).toEqual({ kind, data });
      const others = KINDS.filter(each => each !== kind);
      expect(codeOf(() => identifyBase58(others, text))).toBe('unknown_kind');
    });
    fc.assert(property, { numRuns: 20 });
  });

  test.each(['mdpk', 'mdsk', 'mdsig'] as const)('a long %s comes back from its text', kind => {
    const data = new Uint8Array(BASE58_KINDS[kind].dataLength).map((_, at) => at * 7);
    expect(toHex(fromBase58(kind, toBase58(kind, data)))).toBe(toHex(data));
  });

  /** What each text begins with, and how long it is: as the protocol's specification lists them. */
  test.each([
    ['blockHash', 'B', 51],
    ['operationHash', 'o', 51],
    ['protocolHash', 'P', 51],
    ['operationListHash', 'Lo', 52],
    ['operationListListHash', 'LLo', 53],
    ['contextHash', 'Co', 52],
    ['payloadHash', 'vh', 52],
    ['nonceHash', 'nce', 53],
    ['chainId', 'Net', 15],
    ['tz1', 'tz1', 36],
    ['tz2', 'tz2', 36],
    ['tz3', 'tz3', 36],
    ['tz4', 'tz4', 36],
    ['tz5', 'tz5', 36],
    ['edpk', 'edpk', 54],
    ['sppk', 'sppk', 55],
    ['p2pk', 'p2pk', 55],
    ['BLpk', 'BLpk', 76],
    ['mdpk', 'mdpk', 1802],
    ['edsk', 'edsk', 54],
    ['edskLegacy', 'edsk', 98],
    ['spsk', 'spsk', 54],
    ['p2sk', 'p2sk', 54],
    ['BLsk', 'BLsk', 54],
    ['mdsk', 'mdsk', 5298],
    ['edesk', 'edesk', 88],
    ['spesk', 'spesk', 88],
    ['p2esk', 'p2esk', 88],
    ['BLesk', 'BLesk', 88],
    ['edsig', 'edsig', 99],
    ['spsig1', 'spsig1', 99],
    ['p2sig', 'p2sig', 98],
    ['sig', 'sig', 96],
    ['BLsig', 'BLsig', 142],
    ['mdsig', 'mdsig', 3316],
  ] as const)('every %s begins with %s and has %i letters', (kind, prefix, letterCount) => {
    const { dataLength } = BASE58_KINDS[kind];
    for (const filling of [0x00, 0x7f, 0xff]) {
      const text = toBase58(kind, new Uint8Array(dataLength).fill(filling));
      expect(text.slice(0, prefix.length)).toBe(prefix);
      expect(text.length).toBe(letterCount);
    }
  });

  test('data of another length is refused', () => {
    expect(codeOf(() => toBase58('chainId', fromHex('0102030405')))).toBe('out_of_range');
    expect(codeOf(() => toBase58('chainId', fromHex('010203')))).toBe('out_of_range');
  });

  test('a text in place of which another letter stands is refused', () => {
    const property = fc.property(shortText, fc.nat(), fc.nat(), ({ kind, text }, at, other) => {
      const place = at % text.length;
      const letter = ALPHABET.charAt(other % ALPHABET.length);
      const changed = text.slice(0, place) + letter + text.slice(place + 1);
      fc.pre(changed !== text);
      expect(codeOf(() => fromBase58(kind, changed))).toBe('bad_checksum');
    });
    fc.assert(property);
  });

  test('a text with a letter more or fewer, or a leading 1, is refused', () => {
    const property = fc.property(shortText, ({ kind, text }) => {
      for (const changed of [`1${text}`, `${text}1`, text.slice(1), text.slice(0, -1)]) {
        expect(codeOf(() => fromBase58(kind, changed))).toBe('bad_checksum');
      }
    });
    fc.assert(property, { numRuns: 50 });
  });

  test.each(['0', 'O', 'I', 'l', ' ', '\n', 'é', '\ud800', '\0'])(
    'the letter %j is refused with its offset',
    letter => {
      const text = `tz1KqTpEZ7${letter}Yob7QbPE4Hy4Wo8fHG8LhKxZSx`;
      const refused = { name: 'TezosError', code: 'bad_text', offset: 10 };
      expect(() => fromBase58('tz1', text)).toThrow(expect.objectContaining(refused) as Error);
    },
  );

  test.each([undefined, null, 7, 7n, {}, [], Symbol('x'), () => 'tz1'])(
    'what is no text (%#) is refused',
    value => {
      expect(codeOf(() => fromBase58('tz1', value))).toBe('bad_type');
    },
  );

  test.each([
    ['no letter', '', 'bad_checksum'],
    ['one zero byte', '1', 'bad_checksum'],
    ['only a checksum', '1111', 'bad_checksum'],
    ['too many letters', 'z'.repeat(6001), 'bad_text'],
  ])('a text of %s is refused', (_, text, code) => {
    expect(codeOf(() => identifyBase58(KINDS, text))).toBe(code);
  });

  test('rubbish is refused with nothing but a TezosError', () => {
    const letters = fc.string({ unit: fc.constantFrom(...Array.from(ALPHABET)), maxLength: 120 });
    const rubbish = fc.oneof(fc.anything(), fc.string({ unit: 'binary' }), letters);
    const property = fc.property(rubbish, value => {
      expect(codeOf(() => identifyBase58(KINDS, value))).not.toBe('accepted');
    });
    fc.assert(property, { numRuns: 500 });
  });

  test('a text whose checksum holds over too few bytes is no kind', () => {
    // base58 of 4 checksum bytes over one zero byte.
    expect(codeOf(() => identifyBase58(KINDS, '1Wh4bh'))).toBe('unknown_kind');
  });

  test('an error does not show a secret key that stands in the wrong place', () => {
    const secret = toBase58('edsk', new Uint8Array(32).fill(9));
    for (const text of [secret, secret.replace('a', 'b'), secret.slice(0, -1)]) {
      expect(() => fromBase58('tz1', text)).toThrow(/^"edsk\.\.\."/);
    }
    const encrypted = toBase58('BLesk', new Uint8Array(56).fill(9));
    expect(() => identifyBase58(['edpk'], encrypted)).toThrow(/^"BLesk\.\.\."/);
  });
});
