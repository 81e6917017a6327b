import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SecretKey } from '@meridian/tezos';
import { sign } from '@meridian/tezos/crypto';
import type { CaseFile } from './case-file.ts';
import type { OwnStage, Stage } from './stage.ts';
import { subjectOf } from './subject.ts';

/*
 * A signer for tests of the oracles, which shares no code with the one that is tried out: what is good about it is
 * little, and each lie spoils one thing of it.
 */

/** What a fake does wrong. */
export type Lie =
  | 'signs_two_payloads'
  | 'signs_other_bytes'
  | 'asks_vault'
  | 'moves_marks'
  | 'shows_full_keys'
  | 'shows_stack'
  | 'shows_other_keys'
  | 'shows_secret'
  | 'says_text'
  | 'allows_nothing'
  | 'keeps_connections'
  | 'limits_by_length_alone'
  | 'lists_no_addresses'
  | 'tells_health_everywhere'
  | 'signs_nothing'
  | 'forgets_marks';

export type Fake = Stage & { readonly close: () => Promise<void> };

type Listening = { readonly url: string; readonly close: () => Promise<void> };
type Mark = { kind: string; level: number; round: number; bytes: string };

const LIMIT_BYTES = 65_536;
const TRACE = [{ kind: 'temporary', id: 'failure', msg: 'no' }];

/** Starts a fake with the keys of a file, which lies so. */
export async function startFake(file: CaseFile, lie?: Lie): Promise<Fake> {
  const marks = new Map<string, Mark>();
  const said: string[] = [];
  let vaultCalls = 0;
  let asked = 0;
  const [tz1] = Object.values(file.keys);
  if (tz1 === undefined) throw new Error('a fake needs a key');
  const signed = (pkh: string, bytes: Buffer): readonly [number, unknown] => {
    const subject = subjectOf(bytes);
    const key = Object.values(file.keys).find(one => one.public_key_hash === pkh);
    if (subject === undefined || key === undefined || lie === 'signs_nothing') return [400, TRACE];
    const { kind, level, round } = subject;
    const mark = marks.get(`${pkh}${kind}`);
    const order = mark === undefined ? 1 : level - mark.level || round - mark.round;
    const isSame = order === 0 && mark?.bytes === bytes.toString('hex');
    if (order < 0 || (order === 0 && !isSame && lie !== 'signs_two_payloads')) return [409, TRACE];
    if (lie !== 'forgets_marks')
      marks.set(`${pkh}${kind}`, { kind, level, round, bytes: bytes.toString('hex') });
    vaultCalls += 1;
    const what = lie === 'signs_other_bytes' ? Buffer.from(`other ${vaultCalls}`) : bytes;
    return [200, { signature: sign(key.secret_key as SecretKey, what) }];
  };
  const answer = (request: IncomingMessage, body: Buffer): readonly [number, unknown] => {
    const { method = '', url = '' } = request;
    asked += 1;
    if (lie === 'shows_secret') said.push(`asked with ${tz1.secret_key}`);
    if (url.startsWith('/marks')) return [200, { marks: moved([...marks.values()]) }];
    if (url === '/healthz') return [lie === 'tells_health_everywhere' ? 200 : 404, TRACE];
    if (url === '/known_keys')
      return [200, { known_keys: lie === 'lists_no_addresses' ? ['key'] : [tz1.public_key_hash] }];
    if (url === '/authorized_keys')
      return [200, lie === 'shows_full_keys' ? { authorized_keys: [tz1.public_key] } : {}];
    if (method !== 'POST') return [method === 'GET' ? 404 : 405, TRACE];
    if (lie === 'asks_vault') vaultCalls += 1;
    if (lie === 'shows_stack') return [400, [{ ...TRACE[0], msg: 'at sign (sign.ts:3)' }]];
    if (lie === 'shows_other_keys') return [404, [{ ...TRACE[0], msg: tz1.public_key_hash }]];
    const hex: unknown = body[0] === 0x22 ? JSON.parse(body.toString()) : undefined;
    const [path = ''] = url.split('?');
    if (typeof hex !== 'string') return [400, TRACE];
    return signed(path.slice('/keys/'.length), Buffer.from(hex, 'hex'));
  };
  const moved = (all: readonly Mark[]): readonly Mark[] =>
    lie === 'moves_marks' ? [{ kind: 'block', level: asked, round: 0, bytes: '' }] : all;

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const length = Number(request.headers['content-length'] ?? 0);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const size = lie === 'limits_by_length_alone' ? length : body.length;
    const [status, json] = size > LIMIT_BYTES ? [413, TRACE] : answer(request, body);
    const closes = status === 413 && lie !== 'keeps_connections';
    response
      .writeHead(status, {
        'content-type': lie === 'says_text' ? 'text/plain' : 'application/json',
        ...(closes ? { connection: 'close' } : {}),
        ...(status === 405 && lie !== 'allows_nothing' ? { allow: 'GET, POST' } : {}),
      })
      .end(JSON.stringify(json));
  };
  const main = await listening((request, response) => void serve(request, response));
  return withOperations(main, said, () => vaultCalls);
}

async function withOperations(
  main: Listening,
  said: readonly string[],
  vaultCalls: () => number,
): Promise<Fake> {
  const operations = await listening((_request, response) => {
    response.end(`meridian_signer_vault_seconds_count ${vaultCalls()}\n`);
  });
  return {
    next: () => Promise.resolve(main.url),
    urls: () => [main.url],
    own: own(main.url, operations.url, said),
    close: async () => {
      await main.close();
      await operations.close();
    },
  };
}

function own(url: string, operations: string, said: readonly string[]): OwnStage {
  const never = (): never => {
    throw new Error('a fake has no faults');
  };
  return {
    signers: () => [
      {
        ...{ url, operations, hasEnded: () => false, tellToEnd: never },
        process: {
          ...{ pid: process.pid, ready: Promise.resolve(''), output: () => said },
          ended: new Promise(() => undefined),
          ...{ pause: never, resume: never, kill: never, stop: never },
        },
      },
    ],
    weather: { hang: never, loseAnswer: never, fillDisk: never },
    restart: never,
    hasDied: () => false,
    output: () => said,
  };
}

async function listening(
  serve: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Listening> {
  const server = createServer(serve);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise(done => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
