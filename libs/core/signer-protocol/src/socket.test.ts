import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromBase58, fromHex, toBase58, toHex } from '@meridian/tezos';
import { publicKey, publicKeyHash } from '@meridian/tezos/crypto';
import { protocolProblem, type Answer } from './index.ts';
import { frame, frameBuffer, parseSocketRequest } from './socket.ts';
import { renderSocketAnswer, renderSocketProblem } from './socket.ts';

const TZ1 = publicKeyHash('tz1UsLcoGgEe6LxREbHSh7tvvCVHxU5Ky93f');
const TZ2 = publicKeyHash('tz2WD3fvH6wKXHdEZ7UAUM2ah7DMjuWZwQpP');
const TZ4 = publicKeyHash('tz4F7uNZtx6hRD8FCqtFirKq2QFXqE7xtuMH');
const TZ1_BYTES = '00653d80c5b3764ccab74ba1c286762bcac4a4175e';
const TZ2_BYTES = '01f02718f7761a449f6320d9b059d3f74c5f71bc18';
const TZ4_BYTES = '034312cb4945091f5d6cb88bcdced17b9367754082';
const BLPK = publicKey(
  'BLpk1v3EYmrQCLmmY9iMwBrFZfiBVxa6LB3WzrbjHaLPbER5WZFao36h4KSr67pQTnwnJRB2RwPu',
);
const HASHES = 'ac6c7e9e6a38321501562010e53b5d039bfbcab52901383fb294c8d295ebd34f';
const PAYLOAD_HASH = '81ed7c3bcf458d8bc2aa23b3eac6a9e56d801c97582695d6ea005150efdcc595';
const VOTE = `137a06a770${HASHES}1500140000006500000000${PAYLOAD_HASH}`;
const BLS_VOTE = `137a06a770${HASHES}290000006400000000${PAYLOAD_HASH}`;
const DATA = `00000050${VOTE}`;
const BLS_DATA = `0000004e${BLS_VOTE}`;
const SIGN = `00${TZ1_BYTES}${DATA}`;

const parsed = (hex: string) => parseSocketRequest(fromHex(hex));

describe('a message asks', () => {
  test.each([
    ['02', { kind: 'authorized_keys' }],
    ['06', { kind: 'known_keys' }],
    [`01${TZ1_BYTES}`, { kind: 'public_key', pkh: TZ1 }],
    [`01${TZ4_BYTES}`, { kind: 'public_key', pkh: TZ4 }],
    [`05${TZ2_BYTES}`, { kind: 'supports_deterministic_nonces', pkh: TZ2 }],
    [`07${TZ4_BYTES}00`, { kind: 'prove_possession', pkh: TZ4, blsKey: undefined }],
    [
      `07${TZ4_BYTES}ff${toHex(fromBase58('BLpk', BLPK))}`,
      { kind: 'prove_possession', pkh: TZ4, blsKey: BLPK },
    ],
  ])('%s', (hex, value) => {
    expect(parsed(hex)).toEqual({ ok: true, value });
  });

  test('for a signature of the bytes of a vote', () => {
    expect(parsed(SIGN)).toMatchObject({
      value: {
        kind: 'sign',
        pkh: TZ1,
        version: 3,
        authentication: undefined,
        bytes: fromHex(VOTE),
      },
    });
    expect(parsed(SIGN)).toMatchObject({ value: { subject: { kind: 'attestation', level: 101 } } });
  });

  test('under a tz4 key with a version, of the two that the chain takes', () => {
    for (const version of [2, 3]) {
      const hex = `0003${TZ4_BYTES}0${version.toString()}${BLS_DATA}`;
      expect(parsed(hex)).toMatchObject({ value: { kind: 'sign', pkh: TZ4, version } });
    }
  });

  test.each([
    ['sig', 64],
    ['BLsig', 96],
  ] as const)('with an authentication at its end, a %s by its length', (kind, length) => {
    const bytes = new Uint8Array(length).fill(7);
    const authentication = toBase58(kind, bytes);
    expect(parsed(SIGN + toHex(bytes))).toMatchObject({ value: { kind: 'sign', authentication } });
  });
});

describe('a message that is understood is refused', () => {
  test.each([
    ['for a deterministic nonce', `03${TZ1_BYTES}${DATA}`, 'not_allowed'],
    ['for the hash of one', `0403${TZ4_BYTES}03${BLS_DATA}`, 'not_allowed'],
    ['under version 1 of a tz4 key', `0003${TZ4_BYTES}01${BLS_DATA}`, 'unsupported_version'],
    ['under version 0 of a tz4 key', `0003${TZ4_BYTES}00${BLS_DATA}`, 'unsupported_version'],
    ['for a possession of a tz1 key', `07${TZ1_BYTES}00`, 'not_a_bls_key'],
    ['with nothing to sign', `00${TZ1_BYTES}00000000`, 'malformed_payload'],
    ['with half a vote', `00${TZ1_BYTES}00000028${VOTE.slice(0, 80)}`, 'malformed_payload'],
    ['with a generic operation', `00${TZ1_BYTES}0000000203ac`, 'never_signed'],
    ['with a vote in the mode of another key', `00${TZ1_BYTES}${BLS_DATA}`, 'wrong_mode'],
  ])('%s', (_why, hex, code) => {
    expect(parsed(hex)).toMatchObject({ ok: false, error: { code } });
  });
});

describe('a message that is none has no answer', () => {
  test.each([
    ['an empty one', ''],
    ['an unknown tag', '08'],
    ['a byte behind a tag', '0200'],
    ['a byte behind an address', `01${TZ1_BYTES}00`],
    ['an address that is cut', `01${TZ1_BYTES.slice(0, -2)}`],
    ['an address of an unknown curve', `0104${TZ1_BYTES.slice(2)}`],
    ['a versioned address where a plain one stands', `0103${TZ4_BYTES}03`],
    ['a plain address where a versioned one stands', `00${TZ4_BYTES}${BLS_DATA}`],
    ['a version of another curve', `0003${TZ1_BYTES}03${DATA}`],
    ['an unknown version', `0003${TZ4_BYTES}04${BLS_DATA}`],
    ['no bytes to sign', `00${TZ1_BYTES}`],
    ['fewer bytes to sign than said', `00${TZ1_BYTES}00000051${VOTE}`],
    ['far fewer bytes than said', `00${TZ1_BYTES}ffffffff${VOTE}`],
    ['an authentication of one byte', `${SIGN}00`],
    ['an authentication of 65 bytes', SIGN + 'ff'.repeat(65)],
    ['a possession without its option', `07${TZ4_BYTES}`],
    ['a possession with a key and no option for it', `07${TZ4_BYTES}00${'ab'.repeat(48)}`],
    ['a possession with an unknown option', `07${TZ4_BYTES}01`],
    ['a possession with half a key', `07${TZ4_BYTES}ff${'ab'.repeat(24)}`],
    ['a nonce with too much behind it', `03${TZ1_BYTES}${DATA}00`],
  ])('%s', (_why, hex) => {
    expect(parsed(hex)).toBeUndefined();
  });

  test('and whatever is sent, nothing is thrown', () => {
    const start = fc.constantFrom(
      ...['00', '01', '03', '05', '07'].map(tag => tag + TZ1_BYTES),
      '00',
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), (hex, rest) => {
        expect(() => parseSocketRequest(Uint8Array.from([...fromHex(hex), ...rest]))).not.toThrow();
      }),
    );
  });
});

/** In the forms of octez-signer 25.1, with the length before it. */
describe('an answer', () => {
  const framed = (answer: Answer) => toHex(frame(renderSocketAnswer(answer)));
  const bytesOf = (length: number) => new Uint8Array(length).fill(0xab);
  const AB = (length: number) => 'ab'.repeat(length);

  test.each<[string, Answer, string]>([
    ['nobody has to authenticate', {}, '00020000'],
    ['who may', { authorized_keys: [TZ1] }, `001b000100000015${TZ1_BYTES}`],
    ['nobody may', { authorized_keys: [] }, '0006000100000000'],
    [
      'five keys',
      { known_keys: [TZ1, TZ2, TZ4, TZ1, TZ2] },
      `006e0000000069${TZ1_BYTES}${TZ2_BYTES}${TZ4_BYTES}${TZ1_BYTES}${TZ2_BYTES}`,
    ],
    ['an Ed25519 key', { public_key: toBase58('edpk', bytesOf(32)) }, `00220000${AB(32)}`],
    ['a P-256 key', { public_key: toBase58('p2pk', bytesOf(33)) }, `00230002${AB(33)}`],
    ['a BLS key', { public_key: toBase58('BLpk', bytesOf(48)) }, `00320003${AB(48)}`],
    ['a signature', { signature: toBase58('edsig', bytesOf(64)) }, `004100${AB(64)}`],
    ['a tz4 signature', { signature: toBase58('BLsig', bytesOf(96)) }, `006100${AB(96)}`],
    ['a proof', { bls_prove_possession: toBase58('BLsig', bytesOf(96)) }, `006100${AB(96)}`],
    ['no nonces', { supports_deterministic_nonces: false }, '00020000'],
    ['nonces', { supports_deterministic_nonces: true }, '000200ff'],
  ])('%s', (_what, answer, hex) => {
    expect(framed(answer)).toBe(hex);
  });

  test('of marks is none on a socket', () => {
    expect(() => renderSocketAnswer({ marks: [] })).toThrow('HTTP alone');
  });
});

describe('a refusal', () => {
  /** What a client makes of it, written from the specification of BSON. */
  function textOf(message: Uint8Array): Record<string, string> {
    const view = new DataView(message.buffer, message.byteOffset);
    const [list, item] = [view.getUint32(1), view.getUint32(5)];
    expect([message[0], list, item]).toEqual([1, message.length - 5, message.length - 9]);
    expect(view.getInt32(9, true)).toBe(item);
    const fields: Record<string, string> = {};
    let at = 13;
    const until = (end: number) => String.fromCharCode(...message.subarray(at, end));
    while (message[at] === 0x02) {
      at += 1;
      const name = until(message.indexOf(0, at));
      at += name.length + 1;
      const length = view.getInt32(at, true);
      at += 4;
      fields[name] = until(at + length - 1);
      expect(message[at + length - 1]).toBe(0);
      at += length;
    }
    expect([message[at], at + 1]).toEqual([0, message.length]);
    return fields;
  }
  const saying = (message: string) =>
    renderSocketProblem({ ...protocolProblem('not_allowed'), message });

  test('is as long as the one of octez-signer with the same text', () => {
    const message = saying('attestation level 101 below high watermark 102');
    expect(toHex(frame(message)).slice(0, 22)).toBe('006a010000006500000061');
    expect(textOf(message)).toEqual({
      kind: 'temporary',
      id: 'failure',
      msg: 'attestation level 101 below high watermark 102',
    });
  });

  test('says in question marks what is no ASCII, and ends no text early', () => {
    expect(textOf(saying('ü \u0000 €'))['msg']).toBe('? ? ?');
  });

  test('fits its frame whatever it says', () => {
    const message = saying('x'.repeat(100_000));
    expect(textOf(message)['msg']).toBe('x'.repeat(1_000));
    expect(() => frame(message)).not.toThrow();
  });
});

describe('a frame', () => {
  const take = (buffer: ReturnType<typeof frameBuffer>) => {
    const found: string[] = [];
    for (let next = buffer.next(); next !== undefined; next = buffer.next())
      found.push(toHex(next));
    return found;
  };

  test('is found however its bytes come, and so are those behind it', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 });
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 400 })), (payloads, cuts) => {
        const bytes = Uint8Array.from(payloads.flatMap(payload => [...frame(payload)]));
        const buffer = frameBuffer();
        const found: string[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = cuts[turn % Math.max(1, cuts.length)] ?? 1;
          buffer.add(bytes.subarray(at, at + size));
          found.push(...take(buffer));
          at += size;
        }
        expect(found).toEqual(payloads.map(toHex));
      }),
    );
  });

  test('that is cut is waited for', () => {
    const buffer = frameBuffer();
    for (const byte of fromHex('000102').subarray(0, 2)) buffer.add(Uint8Array.of(byte));
    expect(take(buffer)).toEqual([]);
    buffer.add(fromHex('020001'));
    expect(take(buffer)).toEqual(['02']);
    buffer.add(fromHex('06'));
    expect(take(buffer)).toEqual(['06']);
  });

  test('may be of any length that two bytes tell, and of none above', () => {
    const longest = new Uint8Array(0xffff).fill(1);
    const buffer = frameBuffer();
    buffer.add(frame(longest));
    expect(take(buffer)).toEqual([toHex(longest)]);
    expect(() => frame(new Uint8Array(0x10000))).toThrow(RangeError);
    buffer.add(fromHex('0000'));
    expect(take(buffer)).toEqual(['']);
  });
});
