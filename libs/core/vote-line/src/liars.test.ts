import { checkJobs, pathOf, type NodeWord, type Topic, type Verifier } from '@meridian/chain-view';
import { duration, instant } from '@meridian/prelude';
import { createChain, createNode, forgeBlock, lensOf } from '@meridian/sandbox-chain';
import type { ChainBlock, ChainEvent, SandboxChain } from '@meridian/sandbox-chain';
import type { Ballot } from '@meridian/tenderbake';
import { PROTOCOLS, readFitness, writeFitness } from '@meridian/tezos';
import type { BlockHash, Level } from '@meridian/tezos';
import { publicKeyHashOf, verify, verifyAggregate } from '@meridian/tezos/crypto';
import { hashBlock } from '@meridian/tezos/hash';
import { describe, expect, test } from 'vitest';
import { newLine, stepLine, type LineEvent } from './index.ts';

/*
 * What one or two lying nodes of five can do to votes: nothing. They speak first and answer first, whatever they are
 * asked; the votes are held against those that are cast when everybody tells the truth.
 */

const [protocol] = PROTOCOLS.filter(({ number }) => number === '025');
const DURATIONS = {
  minimalBlockDelay: duration(1_000),
  delayIncrementPerRound: duration(1_000),
};
const LEVELS = 6;
const NODES = ['node1', 'node2', 'node3', 'node4', 'node5'];
const VERIFIER = { verify, verifyAggregate } as unknown as Verifier;

/** A chain whose payload at level 4 is proposed again, with its prequorum, and all that happened on it. */
function chainOf(seed: number) {
  const chain = createChain({
    ...{ seed, protocol: protocol!, genesisTime: instant(1_800_000_000_000), ...DURATIONS },
    ...{ committeeSize: 64, blocksPerCycle: 64, allBakersAttest: false, guests: [] },
    robots: { tz1: 2, tz2: 1, tz3: 1, tz4: 2 },
    latency: { min: duration(5), max: duration(20) },
    script: [{ level: 4, kind: 'no_quorum' }],
  });
  const events: ChainEvent[] = [];
  while (chain.head().level < LEVELS) events.push(...chain.advanceTo(chain.nextWake()));
  return { chain, events };
}

const { chain, events } = chainOf(5);
const other = chainOf(9);
const blocksOf = (of: readonly ChainEvent[]) =>
  of.flatMap(event => (event.kind === 'validated' ? [event.block] : []));
const blockAt = (level: number): ChainBlock => blocksOf(events).find(each => each.level === level)!;

type Item = Readonly<Record<string, unknown>>;
type Word = Extract<NodeWord, { readonly kind: 'block' | 'operations' }>;
const validated = ({ hash, header, operations }: ChainBlock, change: Item = {}): Word => {
  const passes = operations.map(pass => pass.map(({ value }) => value));
  const item = { hash, header, operations: passes, chain_id: chain.chainId, ...change };
  return { kind: 'block', stream: 'validated_blocks', item };
};
const head = ({ hash, header }: ChainBlock): Word => ({
  ...{ kind: 'block', stream: 'heads', item: { ...header, hash } },
});
function wordOf(event: ChainEvent): Word {
  if (event.kind === 'operation') return { kind: 'operations', items: [event.operation.value] };
  return event.kind === 'head' ? head(event.block) : validated(event.block);
}

function answersOf(of: SandboxChain): (topic: Topic) => unknown {
  const node = createNode(of, { name: 'node', now: () => instant(0) });
  return topic => {
    const [path = '', query = ''] = pathOf(topic).split('?');
    const reply = node.handle({ method: 'GET', path, query: new URLSearchParams(query), body: '' });
    return 'stream' in reply || reply.status !== 200
      ? undefined
      : (JSON.parse(reply.body) as unknown);
  };
}
const honest = answersOf(chain);

/** What a liar says where an honest node tells of an event, and what it answers unless it says the truth. */
type Lie = {
  readonly tell: (event: ChainEvent) => readonly Word[];
  readonly answer?: (topic: Topic) => unknown;
};

/** Lies about blocks; what they do not touch is told as it is. */
const about =
  (tell: (block: ChainBlock) => readonly Word[]): Lie['tell'] =>
  event =>
    event.kind === 'operation' ? [wordOf(event)] : tell(event.block);

/** Two made-up blocks, one on the other, so far ahead; the first is given to whoever asks. */
function ahead(levels: number): Lie {
  const made = new Map<BlockHash, Item>();
  const at = (block: ChainBlock, level: number) => ({
    level: level as Level,
    fitness: writeFitness({ ...readFitness(block.header.fitness), level: level as Level }),
  });
  return {
    tell: about(block => {
      const level = block.level + levels;
      const below = forgeBlock(protocol!, block, at(block, level - 1));
      made.set(below.hash, { ...below.header, hash: below.hash });
      const next = { ...at(block, level), predecessor: below.hash };
      return [validated(forgeBlock(protocol!, block, next)), validated(block)];
    }),
    answer: topic => (topic.kind === 'header' ? made.get(topic.hash) : undefined),
  };
}

/** True headers with this in their first pass. */
const withPass = (passOf: (block: ChainBlock) => unknown): Lie => ({
  tell: about(block => [validated(block, { operations: [passOf(block), [], [], []] })]),
  answer: topic =>
    topic.kind === 'operations'
      ? passOf(blocksOf(events).find(({ hash }) => hash === topic.hash)!)
      : undefined,
});
const valuesOf = ({ operations: [pass = []] }: ChainBlock) => pass.map(({ value }) => value);

const lens = lensOf(chain);
lens.lie(true);

const LIES: Readonly<Record<string, Lie>> = {
  'a level soon to come': ahead(2),
  'a level of years to come': ahead(1_000_000),
  'a stale branch': {
    tell: about(block => {
      const { predecessor } = blockAt(2).header;
      return [validated(blockAt(1)), validated(forgeBlock(protocol!, block, { predecessor }))];
    }),
  },
  'another chain': {
    tell: about(({ level }) =>
      blocksOf(other.events)
        .filter(block => block.level === level)
        .flatMap(block => [validated(block, { chain_id: other.chain.chainId }), head(block)]),
    ),
    answer: answersOf(other.chain),
  },
  'an empty proof': withPass(() => []),
  'the proof of another block': withPass(() => valuesOf(blockAt(3))),
  'a proof under a wrong signature': withPass(block => {
    const { signature } = valuesOf(blockAt(2))[0] ?? {};
    return valuesOf(block).map(value => ({ ...value, signature }));
  }),
  'a proof that is none': withPass(() => [7]),
  'forged payloads, broken votes and moved rights': {
    tell: event => lens.events([event]).map(wordOf),
    answer: answersOf(lens.chain),
  },
  'headers under the names of others': {
    tell: about(({ hash }) => [validated(blockAt(1), { hash })]),
    answer: topic =>
      topic.kind === 'header' ? honest({ ...topic, hash: blockAt(1).hash }) : undefined,
  },
  'blocks that follow nothing': {
    tell: about(block =>
      Array.from({ length: 20 }, (_, at) => {
        const predecessor = hashBlock(Uint8Array.of(block.level, block.round, at));
        return validated(forgeBlock(protocol!, block, { predecessor }));
      }),
    ),
  },
};

const lineOf = ({ kind, level, round, slot, payloadHash, branch }: Ballot): string =>
  [level, round, kind, slot, payloadHash, branch].join(' ');

/** What comes of all that happened when these nodes tell this lie. */
function outcome(lie: Lie, liars: readonly string[]) {
  const keys = new Set(
    chain.rights(blockAt(1).level).seats.map(({ consensusKey }) => publicKeyHashOf(consensusKey)),
  );
  let line = newLine({ chainId: chain.chainId, keys, quorum: 3 }, { sign: 'at_prequorum' });
  const ballots: string[] = [];
  const complaints: string[] = [];
  const blamed = new Set<string>();
  const order = [...liars, ...NODES.filter(node => !liars.includes(node))];
  const answerOf = (node: string, topic: Topic): unknown =>
    (liars.includes(node) ? lie.answer?.(topic) : undefined) ?? honest(topic);
  const hear = (event: LineEvent): void => {
    const { at } = event;
    const [next, effects] = stepLine(line, VERIFIER, event);
    line = next;
    for (const effect of effects) {
      if (effect.kind === 'sign') ballots.push(...effect.ballots.map(lineOf));
      if (effect.kind === 'abstain') complaints.push(`${effect.level} ${effect.reason}`);
      if (effect.kind === 'fault') blamed.add(effect.node);
      if (effect.kind === 'read_marks') {
        const marks = new Map(effect.keys.map(key => [key, null]));
        hear({ kind: 'marks', at, hash: effect.hash, marks });
      }
      if (effect.kind === 'verify') {
        const findings = checkJobs(VERIFIER, effect.jobs);
        hear({ kind: 'verified', at, batch: effect.batch, findings });
      }
      if (effect.kind !== 'read') continue;
      const { topic } = effect;
      for (const node of order) {
        const value = answerOf(node, topic);
        if (value !== undefined) hear({ kind: 'answer', at, node, topic, value });
      }
    }
  };
  for (const event of events) {
    const { at } = event;
    for (const node of order) {
      const words = liars.includes(node) ? lie.tell(event) : [wordOf(event)];
      for (const word of words) hear({ ...word, node, at });
    }
    hear({ kind: 'tick', at });
  }
  return { ballots, complaints, poisoned: line.view.refused, blamed: [...blamed] };
}

const truth = outcome({ tell: event => [wordOf(event)] }, []);

test('where nobody lies every block is voted on, by all keys', () => {
  const rounds = blocksOf(events).map(({ level, round }) => `${level}/${round}`);
  const voted = truth.ballots.map(ballot => ballot.split(' ').slice(0, 2).join('/'));
  expect([...new Set(voted)]).toEqual(rounds);
  expect(truth.blamed).toEqual([]);
});

describe.each(Object.entries(LIES))('%s', (_what, lie) => {
  test.each([[['node5']], [['node5', 'node2']]])(
    'from %s changes no vote, stops none, and is blamed on nobody else',
    liars => {
      const found = outcome(lie, liars);
      expect(found.ballots).toEqual(truth.ballots);
      expect(found.complaints).toEqual(truth.complaints);
      expect(found.blamed.filter(node => !liars.includes(node))).toEqual([]);
      const poisoned = blocksOf(events).filter(({ hash }) => found.poisoned.has(hash));
      expect(poisoned).toEqual([]);
    },
  );
});
