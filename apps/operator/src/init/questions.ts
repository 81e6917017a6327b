import { ENDORSER, SIGNER } from '@meridian/configuration';
import { join } from 'node:path';
import { readNode, type NamedNode } from '../addresses.ts';
import type { Ask } from '../conversation.ts';
import { OperatorError } from '../errors.ts';
import { agreedChain, askForChain } from './chain.ts';
import type { Plan } from './plan.ts';
import { DEFAULT_SIGNER, DEFAULT_SITE, JOURNAL_FILE, STORE_FOLDER, type Wish } from './wish.ts';

const DEFAULT_NODE = 'http://localhost:8732';

/** What asking needs: the questions, and a line beside them. */
type Talk = { readonly ask: Ask; readonly note: (line: string) => void };

/** Asks for whatever the flags left open. */
export async function planByAsking(wish: Wish, talk: Talk): Promise<Plan> {
  const out = wish.out ?? (await answer(talk, 'Folder for the files', '.'));
  const site =
    wish.site ?? (await answer(talk, 'Name of this site', DEFAULT_SITE, complaintOf.site));
  const nodes = wish.nodes.length > 0 ? wish.nodes : await askNodes(talk);
  const chainId = wish.chainId ?? (await askChain(talk, nodes));
  const keys = wish.keys.length > 0 ? wish.keys : await askKeys(talk);
  const secretFiles = await askSecrets(talk, keys, wish.secretFiles);
  const signers =
    wish.signers.length > 0
      ? wish.signers
      : [await answer(talk, 'Address of the signer', DEFAULT_SIGNER, complaintOf.signer)];
  const store =
    wish.store ?? (await answer(talk, 'Folder of the watermark', join(out, STORE_FOLDER)));
  const journal =
    wish.journal ??
    (await answer(talk, 'File of its journal, on another volume', join(out, JOURNAL_FILE)));
  const plan = {
    ...{ site, chainId, nodes, signers, keys, secretFiles, store, journal, out },
    passwordFile: wish.passwordFile,
  };
  const sure = await answer(talk, `Write endorser.yaml and signer.yaml into ${out}? y or n`, 'y');
  if (/^y(es)?$/i.test(sure)) return plan;
  throw new OperatorError('bad_input', 'nothing was written');
}

/** Why an answer cannot be taken, in the words of the configuration's own table. */
const complaintOf = {
  site: (text: string) => firstIssue(SIGNER.shape.site.safeParse(text)),
  chainId: (text: string) => firstIssue(ENDORSER.shape.chainId.safeParse(text)),
  node: (text: string) => firstIssue(ENDORSER.shape.nodes.safeParse([readNode(text, 1)])),
  signer: (text: string) => firstIssue(ENDORSER.shape.signers.safeParse([text])),
  key: (text: string) => firstIssue(ENDORSER.shape.keys.safeParse([text])),
};

function firstIssue(parsed: {
  readonly error?: { readonly issues: readonly { readonly message: string }[] } | undefined;
}): string | undefined {
  return parsed.error?.issues[0]?.message;
}

async function askNodes(talk: Talk): Promise<readonly NamedNode[]> {
  const first = await answer(talk, 'RPC address of an edge node', DEFAULT_NODE, complaintOf.node);
  const nodes = [readNode(first, 1)];
  for (;;) {
    const isTaken = (text: string): string | undefined =>
      nodes.some(({ name }) => name === readNode(text, nodes.length + 1).name)
        ? 'each node needs a name of its own'
        : complaintOf.node(text);
    const next = await answer(talk, 'Another one, or nothing', '', text =>
      text === '' ? undefined : isTaken(text),
    );
    if (next === '') return nodes;
    nodes.push(readNode(next, nodes.length + 1));
  }
}

async function askChain(talk: Talk, nodes: readonly NamedNode[]): Promise<string> {
  const agreed = agreedChain(await askForChain(nodes));
  if ('why' in agreed) talk.note(agreed.why.replace(/^--chain-id: /, '').replace(/; give it$/, ''));
  const byDefault = 'chainId' in agreed ? agreed.chainId : undefined;
  return answer(talk, 'Chain id', byDefault, complaintOf.chainId);
}

async function askKeys(talk: Talk): Promise<readonly string[]> {
  const keys = [await answer(talk, 'Address of a consensus key', undefined, complaintOf.key)];
  for (;;) {
    const next = await answer(talk, 'Another one, or nothing', '', text =>
      text === '' ? undefined : complaintOf.key(text),
    );
    if (next === '') return keys;
    keys.push(next);
  }
}

async function askSecrets(
  talk: Talk,
  keys: readonly string[],
  given: readonly string[],
): Promise<readonly string[]> {
  const files = [...given];
  for (const key of keys.slice(given.length)) {
    files.push(await answer(talk, `File of the secret key of ${key}`));
  }
  return files;
}

/** Asks until the answer can be taken; nothing means the default. */
async function answer(
  { ask, note }: Talk,
  what: string,
  byDefault?: string,
  complaint: (text: string) => string | undefined = () => undefined,
): Promise<string> {
  const hint = byDefault === undefined || byDefault === '' ? '' : ` [${byDefault}]`;
  for (;;) {
    const said = (await ask(`${what}${hint}: `)).trim();
    const text = said === '' && byDefault !== undefined ? byDefault : said;
    const why = text === '' && byDefault === undefined ? 'an answer is needed' : complaint(text);
    if (why === undefined) return text;
    note(`  ${why}`);
  }
}
