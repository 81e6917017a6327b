import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { softwareKeystore, type Keystore } from '@meridian/keystore';
import { ok } from '@meridian/prelude';
import { protocolProblem } from '@meridian/signer-protocol';
import { signerHttp } from '@meridian/signer/http';
import { signerServer } from '@meridian/signer/http-server';
import { fromHex, toHex, type ChainId, type PublicKey, type Signature } from '@meridian/tezos';
import { verify } from '@meridian/tezos/crypto';
import { vectors } from './load.ts';

type Step = {
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly body_hex?: string;
    readonly body_repeat?: { readonly char: string; readonly count: number };
    readonly message?: string;
  };
  readonly expect: {
    readonly status: readonly number[];
    readonly json?: object;
    readonly json_if_200?: object;
    readonly json_has?: string;
    readonly forbid_field?: string;
  };
};
type Case = {
  readonly id: string;
  readonly name: string;
  readonly group: string;
  readonly config: {
    readonly require_authentication?: boolean;
    readonly allow_list_known_keys?: boolean;
    readonly allow_to_prove_possession?: boolean;
  };
  readonly steps?: readonly Step[];
};
type Fixtures = {
  readonly meta: { readonly mainnet_chain_id: ChainId };
  readonly keys: Readonly<
    Record<string, { readonly public_key: PublicKey; readonly secret_key: string }>
  >;
  readonly messages: Readonly<Record<string, { readonly hex: string; readonly key: string }>>;
  readonly cases: readonly Case[];
};

const fixtures = vectors('signer_cases') as Fixtures;
const HELD = ['baker_tz1', 'baker_tz2', 'baker_tz3', 'baker_tz4', 'companion_tz4'];
/** A level far ahead is refused by the watermark's horizon, which is not asked here. */
const DECIDED_BY_MARKS = new Set(['S55']);
const cases = fixtures.cases.filter(
  ({ id, group }) => ['protocol', 'hostile', 'auth'].includes(group) && !DECIDED_BY_MARKS.has(id),
);

let folder = '';
let keystore: Keystore;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cases-'));
  const entries = HELD.map(name => {
    const secretFile = join(folder, name);
    writeFileSync(secretFile, fixtures.keys[name]?.secret_key ?? '');
    chmodSync(secretFile, 0o600);
    return { name, secretFile };
  });
  keystore = softwareKeystore(entries);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  }
});

/** A signer as a case wants it, on its own server; every request to sign that is let in is signed. */
async function serve({ config }: Case) {
  const asked: string[] = [];
  const app = signerHttp({
    keystore,
    marks: () => Promise.resolve(ok({ marks: [] })),
    sign: async (pkh, bytes) => {
      if (!keystore.keys().some(key => key.pkh === pkh))
        return { ok: false, error: protocolProblem('unknown_key', pkh) };
      asked.push(toHex(bytes));
      return ok({ signature: await keystore.sign(pkh, bytes) });
    },
    authorizedKeys:
      config.require_authentication === true ? [fixtures.keys['client_auth']!.public_key] : [],
    allow: {
      knownKeys: config.allow_list_known_keys ?? false,
      provePossession: config.allow_to_prove_possession ?? false,
    },
  });
  const server = signerServer(app);
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { base: `http://127.0.0.1:${port.toString()}`, asked };
}

/** As bytes, since fetch gives text a content-type. */
function bodyOf({ body, body_hex: hex, body_repeat: repeat }: Step['request']): Buffer {
  if (hex !== undefined) return Buffer.from(fromHex(hex));
  if (repeat !== undefined) return Buffer.from(`"${repeat.char.repeat(repeat.count)}"`);
  return Buffer.from(body ?? '');
}

/** What comes of a step: the answer is the case's, and is nothing beside it. */
async function check(base: string, { request, expect: expected }: Step): Promise<void> {
  const { method, path, headers, message } = request;
  const hasBody = method === 'POST';
  const response = await fetch(base + path, {
    method,
    ...(headers && { headers }),
    ...(hasBody && { body: bodyOf(request) }),
  });
  const text = await response.text();
  expect(expected.status).toContain(response.status);
  expect(response.headers.get('content-type')).toBe('application/json');
  const json = JSON.parse(text) as object;
  if (expected.json_has !== undefined) expect(json).toHaveProperty(expected.json_has);
  if (expected.forbid_field !== undefined) expect(json).not.toHaveProperty(expected.forbid_field);
  if (response.status !== 200)
    expect(json).toMatchObject([{ kind: 'temporary', id: 'failure' }, { kind: 'temporary' }]);
  const { signature } = json as { readonly signature?: Signature };
  const said = message === undefined ? undefined : fixtures.messages[message];
  if (signature !== undefined && said !== undefined) {
    const { public_key: key } = fixtures.keys[said.key]!;
    expect(verify(key, signature, fromHex(said.hex))).toBe(true);
  }
  const whole = expected.json ?? expected.json_if_200;
  if (whole !== undefined && response.status === 200) expect(json).toEqual(whole);
}

describe('over HTTP', () => {
  test.each(cases.map(each => ({ title: `${each.id} ${each.name}`, each })))(
    '$title',
    async ({ each }) => {
      const { base, asked } = await serve(each);
      for (const step of each.steps ?? []) await check(base, step);
      const isRefused = (each.steps ?? []).every(step => !step.expect.status.includes(200));
      if (isRefused) expect(asked).toEqual([]);
    },
  );

  test('there are as many cases as the file promises', () => {
    expect(cases.length).toBeGreaterThanOrEqual(60);
  });
});
