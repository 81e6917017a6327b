import { readFileOf, readPartOfEndorser } from '@meridian/configuration';
import { readFileSync } from 'node:fs';
import { problemsByFlag, readNode, wordOf, wordsOf, type NamedNode } from '../addresses.ts';
import type { Call } from '../command.ts';
import { OperatorError } from '../errors.ts';

/** What is looked at. */
export type Targets = {
  readonly chainId: string | undefined;
  readonly nodes: readonly NamedNode[];
  readonly signers: readonly string[];
  readonly keys: readonly string[];
  readonly quorum: number | undefined;
};

const FLAGS = {
  chainId: '--chain-id',
  nodes: '--node',
  signers: '--signer',
  keys: '--key',
  quorum: '--quorum',
};
const OPTIONS = ['chainId', 'node', 'signer', 'key', 'quorum'];

/**
 * What the command line names, by the file of an endorser or by addresses.
 * @throws OperatorError `misused` with all problems, each with its file or flag
 */
export function targetsOf(call: Call): Targets {
  const file = wordOf(call, 'endorser');
  const hasAddresses = OPTIONS.some(name => call.options[name] !== undefined);
  if (file === undefined) return targetsOfFlags(call);
  if (!hasAddresses) return targetsOfFile(file);
  throw new OperatorError('misused', '--endorser names all there is to look at: give no addresses');
}

function targetsOfFile(file: string): Targets {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new OperatorError('misused', `--endorser: ${(error as Error).message}`);
  }
  const read = readFileOf('endorser', text, process.env);
  if (!read.ok) {
    throw new OperatorError('misused', read.error.map(line => `${file}: ${line}`).join('\n'));
  }
  const { chainId, nodes, signers, keys, quorum } = read.value;
  return { chainId, nodes, signers, keys, quorum };
}

function targetsOfFlags(call: Call): Targets {
  const nodes = wordsOf(call, 'node').map((text, at) => readNode(text, at + 1));
  const [signers, keys] = [wordsOf(call, 'signer'), wordsOf(call, 'key')];
  const quorum = wordOf(call, 'quorum');
  if (nodes.length + signers.length === 0) {
    throw new OperatorError('misused', 'give --endorser FILE, or --node NAME=URL or --signer URL');
  }
  const given = {
    chainId: wordOf(call, 'chainId'),
    ...(nodes.length > 0 ? { nodes } : {}),
    ...(signers.length > 0 ? { signers } : {}),
    ...(keys.length > 0 ? { keys } : {}),
    quorum: quorum === undefined || !/^\d{1,4}$/.test(quorum) ? quorum : Number(quorum),
  };
  const read = readPartOfEndorser(given);
  if (!read.ok) throw new OperatorError('misused', problemsByFlag(read.error, FLAGS).join('\n'));
  return { chainId: given.chainId, nodes, signers, keys, quorum: read.value.quorum };
}
