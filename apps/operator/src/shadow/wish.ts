import { readPartOfEndorser } from '@meridian/configuration';
import type { PublicKeyHash } from '@meridian/tezos';
import { problemsByFlag, readNode, wordOf, wordsOf, type NamedNode } from '../addresses.ts';
import type { Call } from '../command.ts';
import { OperatorError } from '../errors.ts';

/** What a run of shadow is asked to be. */
export type ShadowWish = {
  readonly nodes: readonly NamedNode[];
  readonly quorum: number;
  readonly delegates: readonly PublicKeyHash[];
  /** Consensus keys beside the delegates' own; an empty list lets the nodes be asked. */
  readonly keys: readonly PublicKeyHash[];
  /** How many levels are compared; undefined goes on until it is stopped. */
  readonly levels: number | undefined;
};

const LEVELS_MAX = 1_000_000;

/** @throws OperatorError `misused` with all problems, each with its flag */
export function shadowWishOf(call: Call): ShadowWish {
  const nodes = wordsOf(call, 'node').map((text, at) => readNode(text, at + 1));
  const delegates = wordsOf(call, 'delegate') as readonly PublicKeyHash[];
  const keys = wordsOf(call, 'key') as readonly PublicKeyHash[];
  const missing = [
    ...(nodes.length === 0 ? ['--node NAME=URL'] : []),
    ...(delegates.length === 0 ? ['--delegate ADDRESS'] : []),
  ];
  if (missing.length > 0) throw new OperatorError('misused', `missing: ${missing.join(', ')}`);
  const quorum = quorumOf(wordOf(call, 'quorum'), nodes.length);
  const levels = wordOf(call, 'levels');
  const problems = [
    ...problemsOf({ nodes }, { nodes: '--node' }),
    ...problemsOf({ keys: delegates }, { keys: '--delegate' }),
    ...(keys.length === 0 ? [] : problemsOf({ keys }, { keys: '--key' })),
    ...(quorum === undefined ? [`--quorum: a whole number up to that of the nodes`] : []),
    ...(levels === undefined || isCount(levels, LEVELS_MAX)
      ? []
      : [`--levels: a whole number from 1 to ${LEVELS_MAX.toString()}`]),
  ];
  if (problems.length > 0 || quorum === undefined)
    throw new OperatorError('misused', problems.join('\n'));
  return {
    ...{ nodes, quorum, delegates, keys },
    levels: levels === undefined ? undefined : Number(levels),
  };
}

/** What the daemons' own reader has to say about values. */
function problemsOf(
  values: Parameters<typeof readPartOfEndorser>[0],
  flagOf: Readonly<Record<string, string>>,
): readonly string[] {
  const read = readPartOfEndorser(values);
  return read.ok ? [] : problemsByFlag(read.error, flagOf);
}

function quorumOf(text: string | undefined, nodes: number): number | undefined {
  if (text === undefined) return Math.floor(nodes / 2) + 1;
  return isCount(text, nodes) ? Number(text) : undefined;
}

function isCount(text: string, max: number): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) >= 1 && Number(text) <= max;
}
