import type { PublicKeyHash } from '@meridian/tezos';
import { coldReads, NodeError, type ColdReads } from '@meridian/node-pool';
import { AdminError } from './errors.ts';
import { SIGNS_MAX, type Evidence } from './evidence.ts';
import { lookForUse } from './look-for-use.ts';
import { fieldsOf, textOf, UnusableAnswer, wholeOf } from './node-answers.ts';

/** What an operator's command asks edge nodes for. */
export type Asking = {
  readonly urls: readonly string[];
  /** How many have to agree; more than half unless it is said. */
  readonly quorum?: number | undefined;
  readonly slackLevels: number;
  /** Keys that are looked for in the last two cycles; none asks for the head alone. */
  readonly unused?: readonly string[];
  /** Tells how far it is. */
  readonly progress: (line: string) => void;
};

/** Levels above the line, for clocks that differ: half a minute on mainnet. */
export const SLACK_LEVELS = 5;

const LIMITS = { timeoutMs: 10_000, bodyBytesMax: 32 * 1024 * 1024 };

/** A node with its reads, and a name for it without passwords. */
type Node = { readonly name: string; readonly reads: ColdReads };

/** A head as a node tells of it. */
type Head = {
  readonly chainId: string;
  readonly level: number;
  readonly hash: string;
  readonly timestamp: string;
};

/** What a node says of time and cycles at a block. */
type Terms = {
  readonly delay: number;
  readonly blocksPerCycle: number;
  readonly cycle: number;
  /** The first level of the cycle before. */
  readonly from: number;
};

/**
 * Asks edge nodes for the highest block that a quorum of them has, and for the use of keys up to it.
 * @throws AdminError `no_quorum`
 */
export async function askNodes(asking: Asking): Promise<Evidence> {
  const nodes = asking.urls.map(url => ({ name: nameOf(url), reads: coldReads(url, LIMITS) }));
  const quorum = asking.quorum ?? Math.floor(nodes.length / 2) + 1;
  try {
    return await agreed(nodes, quorum, asking);
  } finally {
    await Promise.all(nodes.map(({ reads }) => reads.close()));
  }
}

async function agreed(
  nodes: readonly Node[],
  quorum: number,
  { slackLevels, unused = [], progress }: Asking,
): Promise<Evidence> {
  const heads = await answersOf(nodes, ({ reads }) => headOf(reads, 'head'), progress);
  // The highest level that so many nodes have reached.
  const reached = heads.map(({ answer }) => answer.level).sort((one, other) => other - one);
  const level = reached[quorum - 1];
  if (level === undefined) throw tooFew(heads, quorum);
  const ahead = nodes.filter(node => heads.some(each => each.node === node));
  const there = await answersOf(ahead, ({ reads }) => headOf(reads, level.toString()), progress);
  const head = agreedOn(there, quorum, `the block of level ${level.toString()}`);
  const terms = agreedOn(
    await answersOf(head.nodes, ({ reads }) => termsAt(reads, head.answer), progress),
    quorum,
    'cycles and the time between blocks',
  );
  progress(`level ${level.toString()}: ${terms.nodes.map(({ name }) => name).join(', ')} agree`);
  const use = await useOf(unused, terms.nodes, head.answer, terms.answer, progress);
  const { chainId, hash, timestamp } = head.answer;
  return {
    chain_id: chainId as Evidence['chain_id'],
    ...{ asked: nodes.length, quorum },
    nodes: terms.nodes.map(({ name }) => name),
    head: { level, hash, timestamp },
    minimal_block_delay: terms.answer.delay,
    blocks_per_cycle: terms.answer.blocksPerCycle,
    slack_levels: slackLevels,
    ...(unused.length > 0 ? { use } : {}),
  };
}

async function useOf(
  keys: readonly string[],
  nodes: readonly Node[],
  head: Head,
  terms: Terms,
  progress: (line: string) => void,
): Promise<NonNullable<Evidence['use']>> {
  const span = { from: terms.from, to: head.level, cycles: [terms.cycle - 1, terms.cycle] };
  const looks = await Promise.all(
    nodes.map(async ({ name, reads }) => ({
      name,
      found: await lookForUse(reads, keys, { ...span, at: head.hash }, line =>
        progress(`${name}: ${line}`),
      ),
    })),
  );
  return keys.map(key => {
    const told = looks.flatMap(({ name, found }) => ({ name, ...found.get(key) }));
    return {
      public_key_hash: key as PublicKeyHash,
      ...{ from: span.from, to: span.to },
      nodes: told
        .filter(({ signs, isWhole }) => isWhole === true && signs?.length === 0)
        .map(({ name }) => name),
      found: [...new Set(told.flatMap(({ signs = [] }) => signs))].slice(0, SIGNS_MAX),
    };
  });
}

type Answered<Answer> = { readonly node: Node; readonly answer: Answer };

/** What the nodes that answer say; who does not, and why, is told. */
async function answersOf<Answer>(
  nodes: readonly Node[],
  ask: (node: Node) => Promise<Answer>,
  progress: (line: string) => void,
): Promise<readonly Answered<Answer>[]> {
  const all = await Promise.all(
    nodes.map(async node => {
      try {
        return [{ node, answer: await ask(node) }];
      } catch (error) {
        if (!(error instanceof NodeError || error instanceof UnusableAnswer)) throw error;
        progress(`${node.name}: ${error.message}`);
        return [];
      }
    }),
  );
  return all.flat();
}

/** The answer that enough nodes give. @throws AdminError `no_quorum` */
function agreedOn<Answer>(
  answers: readonly Answered<Answer>[],
  quorum: number,
  what: string,
): { readonly answer: Answer; readonly nodes: readonly Node[] } {
  const groups = Map.groupBy(answers, ({ answer }) => JSON.stringify(answer));
  for (const [first, ...others] of groups.values()) {
    if (first === undefined || others.length + 1 < quorum) continue;
    return { answer: first.answer, nodes: [first, ...others].map(({ node }) => node) };
  }
  throw new AdminError('no_quorum', `no ${quorum.toString()} nodes agree on ${what}`);
}

function tooFew(answers: readonly Answered<unknown>[], quorum: number): AdminError {
  const who = answers.map(({ node }) => node.name).join(', ');
  return new AdminError(
    'no_quorum',
    `${quorum.toString()} nodes have to answer, and ${who === '' ? 'none does' : `only ${who} do`}`,
  );
}

async function headOf(reads: ColdReads, block: string): Promise<Head> {
  const header = fieldsOf(await reads.ofBlock(block, 'header'));
  return {
    chainId: textOf(header, 'chain_id'),
    level: wholeOf(header, 'level'),
    hash: textOf(header, 'hash'),
    timestamp: textOf(header, 'timestamp'),
  };
}

async function termsAt(reads: ColdReads, { hash, level }: Head): Promise<Terms> {
  const constants = fieldsOf(await reads.ofBlock(hash, 'context/constants'));
  const blocksPerCycle = wholeOf(constants, 'blocks_per_cycle');
  const now = fieldsOf(await reads.ofBlock(hash, 'helpers/current_level'));
  const cycle = wholeOf(now, 'cycle');
  const before =
    cycle === 0
      ? { first: 1 }
      : fieldsOf(await reads.ofBlock(hash, 'helpers/levels_in_current_cycle?offset=-1'));
  const from = wholeOf(before, 'first');
  if (from > level) throw new UnusableAnswer('the cycle before begins after the head');
  return { delay: Number(textOf(constants, 'minimal_block_delay')), blocksPerCycle, cycle, from };
}

/** An address as it may be shown and kept: without a user's name and password. */
function nameOf(url: string): string {
  if (!URL.canParse(url)) return 'a node';
  const { host, pathname } = new URL(url);
  return host + (pathname === '/' ? '' : pathname);
}
