import { request as openRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { identifyBase58, toBase58 } from '@meridian/tezos';
import type { PublicKey, SecretKey, Signature } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, sign, verify } from '@meridian/tezos/crypto';

/*
 * A client of a remote signer, written from the notes of Octez' own (signer.md A.2 to A.6) and from nothing of our
 * signer: it asks for authorized keys before every signature, sends its body in chunks, and believes no signature
 * that it did not verify.
 */

/** What a client asks for over some transport. */
export type OctezClient = {
  readonly publicKey: (pkh: string) => Promise<PublicKey>;
  readonly sign: (pkh: string, bytes: Buffer) => Promise<Signature>;
  readonly close: () => void;
};

/** What a signer refuses, in the first words of its trace. */
export class OctezError extends Error {
  override readonly name = 'OctezError';
  /** Of the answer over HTTP. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

const VERSION = 3;
const CURVES = ['tz1', 'tz2', 'tz3', 'tz4'] as const;
const PUBLIC_KEYS = ['edpk', 'sppk', 'p2pk', 'BLpk'] as const;
const AUTHENTICATED_SIGN = [0x04, 0x01];

function tagged(pkh: string): readonly number[] {
  const { kind, data } = identifyBase58(CURVES, pkh);
  return [CURVES.indexOf(kind), ...data];
}

/** The client's own signature over a request, where one of the listed keys is its own; A.4. */
function authenticated(
  authorized: readonly string[] | undefined,
  secrets: readonly SecretKey[],
  pkh: string,
  bytes: Buffer,
): Signature | undefined {
  if (authorized === undefined) return undefined;
  const own = secrets.find(secret => authorized.includes(publicKeyHashOf(publicKeyOf(secret))));
  if (own === undefined) throw new OctezError('no key of the client is authorized');
  return sign(own, Uint8Array.from([...AUTHENTICATED_SIGN, ...tagged(pkh), ...bytes]));
}

async function verified(
  { publicKey }: Pick<OctezClient, 'publicKey'>,
  pkh: string,
  bytes: Buffer,
  signature: Signature,
): Promise<Signature> {
  const key = await publicKey(pkh);
  if (publicKeyHashOf(key) !== pkh) throw new OctezError('the public key is of another address');
  if (!verify(key, signature, bytes)) throw new OctezError('the signature is not over the bytes');
  return signature;
}

/** The client over HTTP. */
export function octezOverHttp(url: string, secrets: readonly SecretKey[] = []): OctezClient {
  const ask = (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      const headers = {
        accept: 'application/json',
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }),
      };
      const asked = openRequest(`${url}${path}`, { method, headers }, response => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const json = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
          if (response.statusCode === 200) resolve(json);
          else reject(refusalIn(json, response.statusCode));
        });
      });
      asked.on('error', reject);
      const text = body === undefined ? '' : JSON.stringify(body);
      const half = Math.floor(text.length / 2);
      if (text !== '') asked.write(text.slice(0, half));
      asked.end(text.slice(half));
    });
  const client: OctezClient = {
    publicKey: async pkh => (await ask('GET', `/keys/${pkh}`))['public_key'] as PublicKey,
    sign: async (pkh, bytes) => {
      const { authorized_keys: listed } = await ask('GET', '/authorized_keys');
      const own = authenticated(listed as string[] | undefined, secrets, pkh, bytes);
      const query = own === undefined ? '' : `authentication=${own}&`;
      const path = `/keys/${pkh}?${query}version=${VERSION.toString()}`;
      const { signature } = await ask('POST', path, bytes.toString('hex'));
      return verified(client, pkh, bytes, signature as Signature);
    },
    close: () => undefined,
  };
  return client;
}

/** The trace that an Octez client shows: a list of errors, of which the first has a text for people. */
function refusalIn(json: unknown, status: number | undefined): OctezError {
  const [first] = json as readonly { kind?: string; id?: string; msg?: string }[];
  if (first?.kind !== 'temporary' || first.id !== 'failure' || first.msg === undefined)
    return new OctezError('the error is no trace', status);
  return new OctezError(first.msg, status);
}

const TAGS = { sign: 0, publicKey: 1, authorizedKeys: 2 };
const HASH_BYTES = 20;

/** The client over a unix socket: one connection, a request after the other; A.6. */
export async function octezOverSocket(
  path: string,
  secrets: readonly SecretKey[] = [],
): Promise<OctezClient> {
  const socket = connect(path);
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const receive = framesOf(socket);
  const ask = async (message: readonly number[]): Promise<Buffer> => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(message.length);
    socket.write(Buffer.concat([length, Buffer.from(message)]));
    const answer = await receive();
    if (answer[0] === 0) return answer.subarray(1);
    // The trace is BSON; its texts can be read in it as they stand.
    throw new OctezError(answer.toString('latin1').replaceAll(/[^ -~]+/g, ' '));
  };
  const client: OctezClient = {
    publicKey: async pkh => {
      const answer = await ask([TAGS.publicKey, ...tagged(pkh)]);
      return toBase58(PUBLIC_KEYS[answer[0] ?? 0] ?? 'edpk', answer.subarray(1));
    },
    sign: async (pkh, bytes) => {
      const listed = authorizedIn(await ask([TAGS.authorizedKeys]));
      const own = authenticated(listed, secrets, pkh, bytes);
      const isBls = pkh.startsWith('tz4');
      const key = isBls ? [3, ...tagged(pkh), VERSION] : tagged(pkh);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      const authentication = own === undefined ? [] : identifyBase58(['edsig'], own).data;
      const body = [TAGS.sign, ...key, ...length, ...bytes, ...authentication];
      const signature = toBase58(isBls ? 'BLsig' : 'sig', await ask(body));
      return verified(client, pkh, bytes, signature);
    },
    close: () => socket.destroy(),
  };
  return client;
}

/** Undefined where nobody has to authenticate. */
function authorizedIn(answer: Buffer): readonly string[] | undefined {
  if (answer[0] === 0) return undefined;
  // Past the tag and the length of the list.
  const list = answer.subarray(5);
  return Array.from({ length: list.length / (1 + HASH_BYTES) }, (_, at) => {
    const one = list.subarray(at * (1 + HASH_BYTES), (at + 1) * (1 + HASH_BYTES));
    return toBase58(CURVES[one[0] ?? 0] ?? 'tz1', one.subarray(1));
  });
}

/** Whole messages as they come: a length of two bytes, then so many. */
function framesOf(socket: Socket): () => Promise<Buffer> {
  let held: Buffer = Buffer.alloc(0);
  let waiting: ((frame: Buffer) => void) | undefined;
  let failed: ((why: Error) => void) | undefined;
  const look = (): void => {
    const end = held.length < 2 ? Infinity : 2 + held.readUInt16BE(0);
    if (waiting === undefined || held.length < end) return;
    const tell = waiting;
    waiting = undefined;
    const frame = held.subarray(2, end);
    held = held.subarray(end);
    tell(frame);
  };
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    look();
  });
  socket.on('close', () => failed?.(new OctezError('the connection was closed')));
  return () =>
    new Promise((resolve, reject) => {
      [waiting, failed] = [resolve, reject];
      look();
    });
}
