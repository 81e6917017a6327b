import { join } from 'node:path';
import { readNode, wordOf, wordsOf, type NamedNode } from '../addresses.ts';
import type { Call } from '../command.ts';
import { OperatorError } from '../errors.ts';
import { agreedChain, askForChain } from './chain.ts';
import type { Plan } from './plan.ts';

/** Where a signer is unless somebody says otherwise: the port of Octez' own. */
export const DEFAULT_SIGNER = 'http://127.0.0.1:6732';
/** What a region is called that has no other beside it. */
export const DEFAULT_SITE = 'home';
/** The watermark's folder, beside the configuration. */
export const STORE_FOLDER = 'watermark';
/** The journal, beside the configuration until somebody finds a better place. */
export const JOURNAL_FILE = 'journal.sqlite';

/** What the flags say; an empty list and undefined leave it open. */
export type Wish = {
  readonly site: string | undefined;
  readonly chainId: string | undefined;
  readonly nodes: readonly NamedNode[];
  readonly signers: readonly string[];
  readonly keys: readonly string[];
  readonly secretFiles: readonly string[];
  readonly passwordFile: string | undefined;
  readonly store: string | undefined;
  readonly journal: string | undefined;
  readonly out: string | undefined;
};

/** @throws OperatorError `misused` when there are more secrets than keys */
export function wishOf(call: Call): Wish {
  const wish = {
    site: wordOf(call, 'site'),
    chainId: wordOf(call, 'chainId'),
    nodes: wordsOf(call, 'node').map((text, at) => readNode(text, at + 1)),
    signers: wordsOf(call, 'signer'),
    keys: wordsOf(call, 'key'),
    secretFiles: wordsOf(call, 'secretFile'),
    passwordFile: wordOf(call, 'passwordFile'),
    store: wordOf(call, 'store'),
    journal: wordOf(call, 'journal'),
    out: wordOf(call, 'out'),
  };
  const { keys, secretFiles } = wish;
  if (keys.length > 0 && secretFiles.length > keys.length)
    throw new OperatorError('misused', PAIRS);
  return wish;
}

const PAIRS = '--secret-file: give one for each --key, in the same order';

/**
 * A plan from flags alone.
 * @throws OperatorError `misused` that names all flags that are missing
 */
export async function planByFlags(wish: Wish): Promise<Plan> {
  const { nodes, keys, secretFiles } = wish;
  const missing = [
    ...(nodes.length === 0 ? ['--node NAME=URL'] : []),
    ...(keys.length === 0 ? ['--key ADDRESS'] : []),
    ...(secretFiles.length === 0 ? ['--secret-file FILE'] : []),
  ];
  if (missing.length > 0) {
    const why = 'there is nobody to ask; --help says more';
    throw new OperatorError('misused', `missing: ${missing.join(', ')} (${why})`);
  }
  if (keys.length !== secretFiles.length) throw new OperatorError('misused', PAIRS);
  const out = wish.out ?? '.';
  return {
    ...wish,
    site: wish.site ?? DEFAULT_SITE,
    chainId: wish.chainId ?? (await chainOf(nodes)),
    signers: wish.signers.length > 0 ? wish.signers : [DEFAULT_SIGNER],
    store: wish.store ?? join(out, STORE_FOLDER),
    journal: wish.journal ?? join(out, JOURNAL_FILE),
    out,
  };
}

async function chainOf(nodes: readonly NamedNode[]): Promise<string> {
  const agreed = agreedChain(await askForChain(nodes));
  if ('chainId' in agreed) return agreed.chainId;
  throw new OperatorError('misused', agreed.why);
}
