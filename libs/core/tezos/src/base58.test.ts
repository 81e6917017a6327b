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

  /** How each text of zeros begins and ends, and its length: made by another program from the specification. */
  test.each([
    ['blockHash', 'BKiHLREqU3Jk', 'bUAB6M', 51],
    ['operationHash', 'oneDGhZacw99', 'Dn7gSd', 51],
    ['protocolHash', 'PrihK96nBAFS', 'CE1L6i', 51],
    ['operationListHash', 'LovnVZxDizys', 'PwaURC', 52],
    ['operationListListHash', 'LLoZKi1iMzbe', 'BfRcjL', 53],
    ['contextHash', 'CoUeJrcPBj3T', 'WJGh9j', 52],
    ['payloadHash', 'vh1g87ZG6scS', 'b3dJcG', 52],
    ['nonceHash', 'nceUDx2TmFGa', 'bYrk8E', 53],
    ['chainId', 'NetXH12Aer3b', 'r3be93', 15],
    ['tz1', 'tz1Ke2h7sDda', 'hsksyU', 36],
    ['tz2', 'tz28KEfLTo3w', '8s6tz5', 36],
    ['tz3', 'tz3LL3cfMfBV', 'LiXw9V', 36],
    ['tz4', 'tz491FasxEbq', 'g2HZUA', 36],
    ['tz5', 'tz5M24YCr6jP', 'ok7YXg', 36],
    ['edpk', 'edpkteDwHwoN', 'TfQ541', 54],
    ['sppk', 'sppk7VR9W7A2', '1yQp5s', 55],
    ['p2pk', 'p2pk5zgg2umK', 'z1Zqwz', 55],
    ['BLpk', 'BLpk1DvGiVcN', 'r72BD6', 76],
    ['mdpk', 'mdpk212Ro42j', 'hCNe4d', 1802],
    ['edsk', 'edsk2fuHAame', '3MXE4i', 54],
    ['edskLegacy', 'edskRc1n1hXn', 'DnpQvH', 98],
    ['spsk', 'spsk1RZgUW68', 'h7GEKh', 54],
    ['p2sk', 'p2sk2Lnoi11j', 'yJrWcF', 54],
    ['BLsk', 'BLsk1VuqdqPf', 'ajMqW8', 54],
    ['mdsk', 'mdsk3t2hAuCK', '4KkNYV', 5298],
    ['edesk', 'edesk1G13DKJ', 'kcnu3n', 88],
    ['spesk', 'spesk1Rpa8zk', 'NYJoi7', 88],
    ['p2esk', 'p2esk1keCyHe', 'DXq9J9', 88],
    ['BLesk', 'BLesk1DtSnFn', 'Da4msh', 88],
    ['edsig', 'edsigtXomBKi', 'tomS8Q', 99],
    ['spsig1', 'spsig15oyPL6', 'XYZh9c', 99],
    ['p2sig', 'p2sigMJWuMaj', 'zvbDnL', 98],
    ['sig', 'sigMzJ4GVAvX', '4wg1aq', 96],
    ['BLsig', 'BLsig4XnPRJQ', '4iETeJ', 142],
    ['mdsig', 'mdsig1eWB9Fp', '7jQQm6', 3316],
  ] as const)('a %s of zeros is %s...%s, %i letters', (kind, first, last, letterCount) => {
    const { dataLength } = BASE58_KINDS[kind];
    const zeros = toBase58(kind, new Uint8Array(dataLength));
    expect([zeros.slice(0, 12), zeros.slice(-6)]).toEqual([first, last]);
    for (const filling of [0x00, 0x7f, 0xff]) {
      const text = toBase58(kind, new Uint8Array(dataLength).fill(filling));
      expect(text.length).toBe(letterCount);
    }
  });

  test('every kind is in this list', () => {
    const listed = new Set(
      KINDS.map(kind => toBase58(kind, new Uint8Array(BASE58_KINDS[kind].dataLength))),
    );
    expect([listed.size, KINDS.length]).toEqual([35, 35]);
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

  test.each([
    ['one byte more than a tz1', '4xScRGSU5JekTx2wqa89HggQHcDrYPLcRM7gwq'],
    ['one byte fewer than a tz1', 'Cn64KMmtQACuxa9Ua7EV7F4CLQK8Khnbbt3'],
    ['a byte fewer before the address', 'CmqZbvGput9MrqYc1XxEqumu453DmXMEmYU'],
    ['a neighbour of the bytes before a tz1', 'tz1iydgEAWLmDA7qqDXwPsXEJRXWa9WHdaLR'],
  ])('a text whose checksum holds is no tz1 with %s', (_, text) => {
    expect(codeOf(() => fromBase58('tz1', text))).toBe('unknown_kind');
    expect(codeOf(() => identifyBase58(KINDS, text))).toBe('unknown_kind');
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
