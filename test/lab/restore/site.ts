import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert } from '@meridian/prelude';
import { runAdministration } from '@meridian/signer/cli';
import { level, round, slot, toBase58, type SecretKey, type Signature } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed, verify } from '@meridian/tezos/crypto';
import { voteSignBytes } from '@meridian/tezos/forge';
import { Released } from '../conformance/released.ts';
import { startSigner, type Signer } from '../conformance/signer-process.ts';
import { startNodes } from './chain.ts';

const personOf = (seed: number) => {
  const secret = secretKeyOfSeed('tz1', new Uint8Array(32).fill(seed));
  const publicKey = publicKeyOf(secret);
  return { secret, publicKey, pkh: publicKeyHashOf(publicKey) };
};
/** The key that is guarded, and who stands for it. */
export const BAKER = personOf(3);
const OPERATORS = { ann: personOf(61), bob: personOf(62) };
const SITE_KEY = personOf(50);

/** Levels above the line of the horizon that the operators of these tests grant. */
const SLACK_LEVELS = 500;
/** A floor above every line that is drawn with it, and a slack that reaches above that. */
export const RELEASE_LEVEL = 800;
export const WIDE_SLACK = ['--slack', '1000'] as const;

/** What a command line said. */
export type Said = {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
  /** The codes of all refusals in it, of the whole or of a key. */
  readonly codes: readonly string[];
};

/** A signer of the site: a process, and the way to start it again. */
export type SiteSigner = {
  readonly name: string;
  readonly file: string;
  readonly signer: () => Signer;
  /** `meridian-signer watermark … --json` against it. */
  readonly watermark: (...args: readonly string[]) => Promise<Said>;
  /** Asks for an attestation; the code of the answer, 200 for a signature. */
  readonly attest: (at: number, payload?: number) => Promise<number | string>;
  readonly readiness: () => Promise<{ readonly status: number; readonly body: string }>;
  /** The lines of its log that say so, of the process that runs now. */
  readonly told: (word: string) => readonly Readonly<Record<string, unknown>>[];
  readonly restart: () => Promise<void>;
};

/** A folder with keys, nodes to ask, and signers that are started in it. */
export type Site = {
  readonly folder: string;
  readonly at: (name: string) => string;
  readonly nodeFlags: readonly string[];
  /** Every signature that left, of all signers. */
  readonly released: Released;
  readonly start: (name: string, store: object) => Promise<SiteSigner>;
  readonly close: () => Promise<void>;
};

export async function openSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-restore-'));
  const at = (name: string): string => join(folder, name);
  const nodes = await startNodes(BAKER);
  const secretFile = (name: string, secret: SecretKey): string => {
    writeFileSync(at(name), `unencrypted:${secret}\n`, { mode: 0o600 });
    return at(name);
  };
  for (const [name, { secret }] of Object.entries(OPERATORS)) secretFile(name, secret);
  const common = {
    ...{ site: 'here', chains: [nodes.chainId], listen: { port: 0 }, operations: { port: 0 } },
    keys: [{ name: 'baker', secretFile: secretFile('baker', BAKER.secret) }],
    identity: secretFile('identity', SITE_KEY.secret),
    operators: Object.entries(OPERATORS).map(([name, { publicKey }]) => ({ name, publicKey })),
  };
  const released = new Released();
  const started: { readonly signer: () => Signer }[] = [];
  const context: Context = { released, chainId: nodes.chainId };
  return {
    ...{ folder, at, released },
    nodeFlags: nodes.urls.flatMap(url => ['--node', url]),
    start: async (name, store) => {
      mkdirSync(at(name));
      const own = { admin: join(at(name), 'admin.sock'), journal: join(at(name), 'journal') };
      const file = join(at(name), 'signer.yaml');
      // JSON is YAML.
      writeFileSync(file, JSON.stringify({ ...common, ...own, ...store }));
      const one = signerOf(context, name, file, await startSigner(file));
      started.push(one);
      return one;
    },
    close: async () => {
      await Promise.all(started.map(({ signer }) => signer().process.kill()));
      nodes.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type Context = Pick<Site, 'released'> & {
  readonly chainId: Awaited<ReturnType<typeof startNodes>>['chainId'];
};

function signerOf(context: Context, name: string, file: string, first: Signer): SiteSigner {
  let signer = first;
  return {
    ...{ name, file },
    signer: () => signer,
    watermark: (...args) => meridianSigner('watermark', ...args, '--config', file, '--json'),
    attest: async (where, payload = 1) => {
      const { code, signature, bytes } = await attested(context, signer.url, where, payload);
      if (signature !== undefined)
        context.released.add({ pkh: BAKER.pkh, bytes: Buffer.from(bytes), signature });
      return code;
    },
    readiness: async () => {
      const answer = await fetch(`${signer.operations}/readyz`);
      return { status: answer.status, body: await answer.text() };
    },
    told: word =>
      signer.process
        .output()
        .filter(line => line.includes(word))
        .map(line => JSON.parse(line) as Readonly<Record<string, unknown>>),
    restart: async () => {
      await signer.process.kill();
      signer = await startSigner(file);
    },
  };
}

async function attested(
  { chainId }: Context,
  url: string,
  where: number,
  payload: number,
): Promise<{ code: number | string; signature?: string; bytes: Uint8Array }> {
  const vote = {
    kind: 'attestation',
    ...{ slot: slot(1), level: level(where), round: round(0) },
    block_payload_hash: toBase58('payloadHash', new Uint8Array(32).fill(payload)),
  } as const;
  const branch = toBase58('blockHash', new Uint8Array(32).fill(7));
  const bytes = voteSignBytes(chainId, { branch, contents: [vote] }, 'plain');
  const response = await fetch(`${url}/keys/${BAKER.pkh}`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify(Buffer.from(bytes).toString('hex')),
  });
  const json = (await response.json()) as { signature?: Signature } & readonly { id: string }[];
  const { signature } = json;
  if (signature === undefined)
    return { code: json[1]?.id.replace('meridian.', '') ?? response.status, bytes };
  assert(verify(BAKER.publicKey, signature, bytes), 'a signature is over the bytes');
  return { code: response.status, signature, bytes };
}

/** A command line in this process. */
export async function meridianSigner(...args: readonly string[]): Promise<Said> {
  const output: string[] = [];
  const terminal = { print: (line: string) => output.push(line), note: () => undefined };
  const running = runAdministration(args, terminal);
  assert(running !== undefined, 'the command line is no daemon’s');
  const status = await running;
  const text = output.at(-1) ?? '{}';
  const codes = [...text.matchAll(/"code":"(\w+)"/g)].map(([, code]) => code ?? '');
  return { status, json: JSON.parse(text) as Said['json'], codes };
}

/** Takes the right to sign for a key that was never used. */
export async function firstUse({ nodeFlags }: Site, { watermark }: SiteSigner): Promise<void> {
  const words = ['--first-use', '--all', '--by', 'ann', '--slack', SLACK_LEVELS.toString()];
  done(await watermark('init', ...words, ...nodeFlags));
}

/** Tells a further signer of the rows. */
export async function adopt(
  { nodeFlags }: Site,
  { watermark }: SiteSigner,
  epoch: number,
  ...words: readonly string[]
): Promise<void> {
  const slack = words.length > 0 ? words : ['--slack', SLACK_LEVELS.toString()];
  done(await watermark('adopt', '--all', '--epoch', epoch.toString(), ...slack, ...nodeFlags));
}

/** Gives the site the right under an epoch, by a statement that two operators sign. */
export async function breakGlass(site: Site, signer: SiteSigner, epoch: number): Promise<void> {
  const { at, nodeFlags } = site;
  const [asked, once, twice] = ['asked', 'once', 'twice'].map(name => at(name)) as [
    string,
    string,
    string,
  ];
  const where = ['--level', RELEASE_LEVEL.toString(), '--expires', RELEASE_LEVEL.toString()];
  const words = ['--all', '--epoch', epoch.toString(), ...where, '--reason', 'restored'];
  done(await signer.watermark('statement', asked, ...words));
  for (const [from, to, name] of [
    [asked, once, 'ann'],
    [once, twice, 'bob'],
  ] as const) {
    const key = ['--key', at(name), '--json'];
    done(await meridianSigner('watermark', 'sign-statement', from, to, ...key));
  }
  done(await signer.watermark('activate', '--statement', twice, ...WIDE_SLACK, ...nodeFlags));
}

/** A command that has to succeed. */
export function done({ status, json }: Said): void {
  assert(status === 0, JSON.stringify(json));
}

const CONDITION_MAX_MS = 15_000;
const LOOK_EVERY_MS = 25;

/** Waits until something is so. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + CONDITION_MAX_MS;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`it never came about that ${what}`);
    await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** Waits until a signer has its store, and looked at all rows. */
export function untilHeld({ name, signer }: SiteSigner): Promise<void> {
  return until(`${name} holds its store`, async () => (await statusOf(signer())).holdsStore);
}

/** What a signer says of itself. */
export async function statusOf({ operations }: Signer): Promise<{
  readonly holdsStore: boolean;
  readonly rows?: readonly {
    readonly kind: string;
    readonly mode: string;
    readonly level: number;
  }[];
}> {
  return (await (await fetch(`${operations}/status`)).json()) as Awaited<
    ReturnType<typeof statusOf>
  >;
}
