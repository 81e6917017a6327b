import { once } from 'node:events';
import { existsSync, linkSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { err, ok } from '@meridian/prelude';
import { authenticationBytes, protocolProblem } from '@meridian/signer-protocol';
import { fromBase58, fromHex, identifyBase58, toHex, type Signature } from '@meridian/tezos';
import { sign } from '@meridian/tezos/crypto';
import type { AnswerParts } from './answer.ts';
import { attestation, BAKER, countedKeystore, OTHER } from './fixtures.ts';
import { serveSocket, type ServedSocket, type SocketOptions } from './socket.ts';

const BYTES = attestation(10);
const SIGNED = sign(BAKER.secret, BYTES);
const PKH = `00${toHex(fromBase58('tz1', BAKER.pkh))}`;
const SIGN = messageOf(`00${PKH}${lengthOf(BYTES)}${toHex(BYTES)}`);
const AUTHORIZED_KEYS = '000102';
const NO_AUTHENTICATION = '00020000';

const opened: ServedSocket[] = [];
const clients: Socket[] = [];
let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'socket-'));
  path = join(folder, 'signer.sock');
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  for (const served of opened.splice(0)) await served.close();
  rmSync(folder, { recursive: true, force: true });
});

function lengthOf(bytes: Uint8Array): string {
  return bytes.length.toString(16).padStart(8, '0');
}

function messageOf(hex: string): string {
  return (hex.length / 2).toString(16).padStart(4, '0') + hex;
}

async function serve(given: Partial<AnswerParts> = {}, options: SocketOptions = {}) {
  const asked: string[] = [];
  const parts: AnswerParts = {
    keystore: countedKeystore().keystore,
    sign: (pkh, bytes) => {
      asked.push(`${pkh} ${toHex(bytes)}`);
      return Promise.resolve(ok({ signature: SIGNED }));
    },
    marks: () => Promise.resolve(ok({ marks: [] })),
    authorizedKeys: [],
    allow: { knownKeys: false, provePossession: false },
    ...given,
  };
  const served = await serveSocket(path, parts, options);
  opened.push(served);
  return { asked, served };
}

/** A client of the protocol as the specification has it, without the code of the signer. */
async function client() {
  const socket = connect({ path, allowHalfOpen: true });
  clients.push(socket);
  let bytes = Buffer.alloc(0);
  let isClosed = false;
  socket.on('data', chunk => (bytes = Buffer.concat([bytes, chunk])));
  socket.on('error', () => undefined);
  for (const event of ['end', 'close']) socket.once(event, () => (isClosed = true));
  await once(socket, 'connect');
  const whole = () => bytes.length >= 2 && bytes.length >= 2 + bytes.readUInt16BE(0);
  return {
    socket,
    send: (hex: string) => socket.write(fromHex(hex)),
    /** The next message with its length, in hexadecimal digits; `closed` when there is none. */
    reply: async () => {
      await expect.poll(() => whole() || isClosed, { timeout: 4_000, interval: 2 }).toBe(true);
      if (!whole()) return bytes.length === 0 ? 'closed' : `rest ${bytes.toString('hex')}`;
      const end = 2 + bytes.readUInt16BE(0);
      const message = bytes.subarray(0, end).toString('hex');
      bytes = bytes.subarray(end);
      return message;
    },
  };
}

/** The text of a refusal. */
function refusalIn(message: string): string {
  const bytes = Buffer.from(message, 'hex');
  expect([bytes[2], bytes.readUInt32BE(3), bytes.readUInt32BE(7)]).toEqual([
    1,
    bytes.length - 7,
    bytes.length - 11,
  ]);
  return bytes.subarray(11).toString('latin1');
}

describe('what a client asks is answered', () => {
  test.each([
    ['who may ask', AUTHORIZED_KEYS, NO_AUTHENTICATION],
    ['for a key', messageOf(`01${PKH}`), `00220000${toHex(fromBase58('edpk', BAKER.key))}`],
    ['for a signature', SIGN, `004100${toHex(fromBase58('edsig', SIGNED))}`],
    ['whether nonces are made of a key', messageOf(`05${PKH}`), NO_AUTHENTICATION],
  ])('%s', async (_what, request, reply) => {
    await serve();
    const { send, reply: next } = await client();
    send(request);
    expect(await next()).toBe(reply);
  });

  test('with the bytes and under the key that were sent, once', async () => {
    const { asked } = await serve();
    const { send, reply } = await client();
    send(SIGN);
    await reply();
    expect(asked).toEqual([`${BAKER.pkh} ${toHex(BYTES)}`]);
  });

  test.each([
    ['the list of keys', '000106', 'not listed'],
    ['a key that is not held', messageOf(`0100${toHex(fromBase58('tz1', OTHER.pkh))}`), OTHER.pkh],
    ['a nonce', messageOf(`03${PKH}${lengthOf(BYTES)}${toHex(BYTES)}`), 'nonces are not made'],
    ['a generic operation', messageOf(`00${PKH}0000000203ac`), 'never signed'],
  ])('%s with a refusal that says why', async (_what, request, why) => {
    const { asked } = await serve();
    const { send, reply } = await client();
    send(request);
    expect(refusalIn(await reply())).toContain(why);
    // The connection goes on.
    send(AUTHORIZED_KEYS);
    expect(await reply()).toBe(NO_AUTHENTICATION);
    expect(asked).toEqual([]);
  });

  test('a refusal of the watermark with its words', async () => {
    const refuse = () => Promise.resolve(err(protocolProblem('store_unavailable', 'disk full')));
    await serve({ sign: refuse });
    const { send, reply } = await client();
    send(SIGN);
    expect(refusalIn(await reply())).toContain('disk full');
  });

  test('a mistake of ours without its insides, and the next request as ever', async () => {
    const mistakes: unknown[] = [];
    const broken = () => Promise.reject(new Error('inside'));
    await serve({ sign: broken, mistake: error => mistakes.push(error) });
    const { send, reply } = await client();
    send(SIGN + AUTHORIZED_KEYS);
    const refusal = refusalIn(await reply());
    expect(refusal).toContain('nothing was signed');
    expect(refusal).not.toContain('inside');
    expect(await reply()).toBe(NO_AUTHENTICATION);
    expect(mistakes).toHaveLength(1);
  });
});

describe('an authentication', () => {
  const ended = (signature: Signature) => {
    const { data } = identifyBase58(['edsig'], signature);
    return messageOf(`00${PKH}${lengthOf(BYTES)}${toHex(BYTES)}${toHex(data)}`);
  };

  test('stands at the end of a request, and its key on the list', async () => {
    const { asked } = await serve({ authorizedKeys: [OTHER.key] });
    const { send, reply } = await client();
    send(AUTHORIZED_KEYS);
    expect(await reply()).toBe(`001b00010000001500${toHex(fromBase58('tz1', OTHER.pkh))}`);
    send(ended(sign(OTHER.secret, authenticationBytes(BAKER.pkh, BYTES))));
    expect(await reply()).toBe(`004100${toHex(fromBase58('edsig', SIGNED))}`);
    expect(asked).toHaveLength(1);
  });

  test.each([
    ['none', SIGN, 'has to be authenticated'],
    [
      'one of another key',
      ended(sign(BAKER.secret, authenticationBytes(BAKER.pkh, BYTES))),
      'made',
    ],
  ])('that is %s is refused, and nothing is signed', async (_what, request, why) => {
    const { asked } = await serve({ authorizedKeys: [OTHER.key] });
    const { send, reply } = await client();
    send(request);
    expect(refusalIn(await reply())).toContain(why);
    expect(asked).toEqual([]);
  });
});

describe('a connection', () => {
  test('answers requests that came together in their order, each when the one before is answered', async () => {
    let running = 0;
    let most = 0;
    const slow: AnswerParts['sign'] = async () => {
      most = Math.max(most, (running += 1));
      await new Promise(resolve => setImmediate(resolve));
      running -= 1;
      return ok({ signature: SIGNED });
    };
    await serve({ sign: slow });
    const { send, reply } = await client();
    send(SIGN + AUTHORIZED_KEYS + SIGN + messageOf(`01${PKH}`));
    const replies = [await reply(), await reply(), await reply(), await reply()];
    expect(replies.map(each => each.slice(0, 4))).toEqual(['0041', '0002', '0041', '0022']);
    expect(most).toBe(1);
  });

  test('reads nothing while a request is being answered', async () => {
    const releases: (() => void)[] = [];
    const held: AnswerParts['sign'] = async () => {
      await new Promise<void>(resolve => releases.push(resolve));
      return ok({ signature: SIGNED });
    };
    await serve({ sign: held });
    const { send, reply } = await client();
    send(SIGN);
    await expect.poll(() => releases.length).toBe(1);
    send(AUTHORIZED_KEYS);
    // Another client is served meanwhile, so these bytes have come, too.
    const other = await client();
    other.send(AUTHORIZED_KEYS);
    await other.reply();
    releases[0]?.();
    expect(await reply()).toMatch(/^0041/);
    expect(await reply()).toBe(NO_AUTHENTICATION);
  });

  test('reads a request that comes in pieces', async () => {
    await serve();
    const { reply, socket } = await client();
    for (const piece of [SIGN.slice(0, 2), SIGN.slice(2, 40), SIGN.slice(40)])
      await new Promise(written => socket.write(fromHex(piece), written));
    expect(await reply()).toMatch(/^0041/);
  });

  test.each([
    ['an unknown tag', '000108'],
    ['a byte too many', '00020200'],
    ['no content', '0000'],
    ['an address that is cut', messageOf(`01${PKH.slice(0, -2)}`)],
    ['a tz4 address without its version', messageOf(`0003${'ab'.repeat(20)}`)],
  ])('with %s is closed without a word, and no other one', async (_what, hex) => {
    await serve();
    const other = await client();
    const { send, reply } = await client();
    send(hex + AUTHORIZED_KEYS);
    expect(await reply()).toBe('closed');
    other.send(AUTHORIZED_KEYS);
    expect(await other.reply()).toBe(NO_AUTHENTICATION);
  });

  test.each([
    ['says nothing', ''],
    ['stops in a frame', SIGN.slice(0, -2)],
  ])('that %s is closed in the end', async (_what, hex) => {
    await serve({}, { idleTimeoutMs: 50 });
    const { send, reply } = await client();
    if (hex !== '') send(hex);
    expect(await reply()).toBe('closed');
  });

  test('that drips is closed as if it had stopped', async () => {
    await serve({}, { idleTimeoutMs: 100 });
    const { send, reply, socket } = await client();
    const drip = setInterval(() => socket.writable && send('00'), 20);
    send('ff');
    expect(await reply()).toBe('closed');
    clearInterval(drip);
  });

  test('that waits for a slow answer is not idle', async () => {
    const late: AnswerParts['sign'] = () =>
      new Promise(resolve => setTimeout(() => resolve(ok({ signature: SIGNED })), 900));
    await serve({ sign: late }, { idleTimeoutMs: 400 });
    const { send, reply } = await client();
    send(SIGN);
    expect(await reply()).toMatch(/^0041/);
  });

  test('whose other side has said everything is answered and closed', async () => {
    await serve();
    const { socket, reply } = await client();
    socket.end(fromHex(SIGN + AUTHORIZED_KEYS));
    expect(await reply()).toMatch(/^0041/);
    expect(await reply()).toBe(NO_AUTHENTICATION);
    expect(await reply()).toBe('closed');
  });

  test('whose other side takes no answers is not read, and closed in the end', async () => {
    let signed = 0;
    const counted: AnswerParts['sign'] = () => {
      signed += 1;
      return Promise.resolve(ok({ signature: SIGNED }));
    };
    await serve({ sign: counted }, { idleTimeoutMs: 300 });
    const socket = connect({ path });
    clients.push(socket);
    socket.on('error', () => undefined);
    socket.pause();
    await once(socket, 'connect');
    const closed = new Promise(resolve => socket.once('close', resolve));
    // Far more than both ends keep of requests and answers.
    const requests = 100_000;
    socket.write(Buffer.from(fromHex(SIGN.repeat(requests))));
    await closed;
    expect(signed).toBeLessThan(requests / 2);
  });

  test('beyond the last one is closed', async () => {
    await serve({}, { connectionsMax: 1 });
    const first = await client();
    first.send(AUTHORIZED_KEYS);
    await first.reply();
    const second = await client();
    expect(await second.reply()).toBe('closed');
  });
});

describe('the file of a socket', () => {
  test.each([
    [undefined, 0o600],
    [0o660, 0o660],
  ] as const)('has mode %o where %o is meant, whatever the umask is', async (mode, expected) => {
    const before = process.umask(0);
    await serve({}, mode === undefined ? {} : { mode });
    expect(process.umask(before)).toBe(0);
    expect(statSync(path).mode & 0o777).toBe(expected);
  });

  test('is gone when the socket is closed', async () => {
    const { served } = await serve();
    await served.close();
    expect(existsSync(path)).toBe(false);
  });

  test('of a process that is gone is replaced', async () => {
    const leaving = createServer();
    await new Promise<void>(resolve => leaving.listen(path, resolve));
    const copy = join(folder, 'kept');
    // A process that is killed leaves its file: a link of it stays when the name is removed.
    linkSync(path, copy);
    await new Promise(resolve => leaving.close(resolve));
    linkSync(copy, path);
    await serve();
    const { send, reply } = await client();
    send(AUTHORIZED_KEYS);
    expect(await reply()).toBe(NO_AUTHENTICATION);
  });

  test('that somebody listens on is left alone', async () => {
    await serve();
    await expect(serve()).rejects.toThrow(path);
    const { send, reply } = await client();
    send(AUTHORIZED_KEYS);
    expect(await reply()).toBe(NO_AUTHENTICATION);
  });

  test('that is no socket is left alone', async () => {
    writeFileSync(path, 'a letter');
    await expect(serve()).rejects.toThrow('no socket');
    expect(statSync(path).size).toBe(8);
  });

  test('that cannot be made is told', async () => {
    path = join(folder, 'none', 'signer.sock');
    await expect(serve()).rejects.toThrow(`${path}: there is no folder`);
  });
});

describe('closing', () => {
  test('lets an answer that is being made reach who asked, and takes no more requests', async () => {
    let release = (): void => undefined;
    const signing = new Promise<void>(resolve => (release = resolve));
    const asked: string[] = [];
    const { served } = await serve({
      sign: async pkh => {
        asked.push(pkh);
        await signing;
        return ok({ signature: SIGNED });
      },
    });
    const { send, reply } = await client();
    const idle = await client();
    send(SIGN + SIGN);
    await expect.poll(() => asked.length).toBe(1);
    const closed = served.close();
    expect(await idle.reply()).toBe('closed');
    release();
    expect(await reply()).toMatch(/^0041/);
    expect(await reply()).toBe('closed');
    await closed;
    expect(asked).toHaveLength(1);
  });
});
