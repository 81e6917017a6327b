import { duration, instant, later, type Instant } from '@meridian/prelude';
import { createChain, createNode, forgeBlock } from '@meridian/sandbox-chain';
import type { ChainBlock, ChainEvent } from '@meridian/sandbox-chain';
import {
  PROTOCOLS,
  readFitness,
  writeFitness,
  type Level,
  type PublicKeyHash,
} from '@meridian/tezos';
import { verify, verifyAggregate } from '@meridian/tezos/crypto';
import { blockHeader, encode } from '@meridian/tezos/forge';
import { hashBlock } from '@meridian/tezos/hash';
import { describe, expect, test } from 'vitest';
import { checkJobs, newView, pathOf, stepView } from './index.ts';
import type { NodeWord, Topic, Verifier, ViewEffect, ViewEvent, ViewState } from './index.ts';

const [protocol] = PROTOCOLS.filter(({ number }) => number === '025');
const START = instant(1_800_000_000_000);
const LEVELS = 6;

/** A chain whose payload at level 4 is proposed again, with its prequorum, and all that happened on it. */
function chainOf(seed: number) {
  const chain = createChain({
    ...{ seed, protocol: protocol!, genesisTime: START, committeeSize: 64, blocksPerCycle: 64 },
    ...{ minimalBlockDelay: duration(1_000), delayIncrementPerRound: duration(1_000) },
    ...{ allBakersAttest: false, robots: { tz1: 2, tz2: 1, tz3: 1, tz4: 2 }, guests: [] },
    latency: { min: duration(5), max: duration(20) },
    script: [{ level: 4, kind: 'no_quorum' }],
  });
  const events: ChainEvent[] = [];
  while (chain.head().level < LEVELS) events.push(...chain.advanceTo(chain.nextWake()));
  return { chain, events };
}

const { chain, events } = chainOf(5);
const blocks = events.flatMap(event => (event.kind === 'validated' ? [event.block] : []));
const blockAt = (level: number): ChainBlock => blocks.find(each => each.level === level)!;
const again = blocks.find(({ level, round }) => level === 4 && round > 0)!;
const votes = events.flatMap(event => (event.kind === 'operation' ? [event.operation.value] : []));

type Item = Readonly<Record<string, unknown>>;
type Word = Extract<NodeWord, { readonly kind: 'block' | 'operations' }>;
const itemOf = ({ hash, header, operations }: ChainBlock): Item => ({
  ...{ hash, header, chain_id: chain.chainId },
  operations: operations.map(pass => pass.map(({ value }) => value)),
});
const validated = (item: unknown): Word => ({ kind: 'block', stream: 'validated_blocks', item });
const head = (item: unknown): Word => ({ kind: 'block', stream: 'heads', item });

const asker = createNode(chain, { name: 'node', now: () => instant(0) });
function honest(topic: Topic): unknown {
  const [path = '', query = ''] = pathOf(topic).split('?');
  const reply = asker.handle({ method: 'GET', path, query: new URLSearchParams(query), body: '' });
  return 'stream' in reply || reply.status !== 200 ? undefined : JSON.parse(reply.body);
}
type Answers = Readonly<Record<string, (topic: Topic) => unknown>>;
const HONEST: Answers = { node1: honest, node2: honest, node3: honest };
const ALL: Answers = { ...HONEST, node4: honest, node5: honest };

/** A view of nodes that answer in this order; what it finds is gathered. */
function viewOf(answers: Answers = ALL, change: (state: ViewState) => ViewState = state => state) {
  let state = change(
    newView({ chainId: chain.chainId, keys: new Set<PublicKeyHash>(), quorum: 3 }),
  );
  const found: ViewEffect[] = [];
  let checks = 0;
  const counted =
    (check: typeof verify | typeof verifyAggregate) =>
    (...args: readonly unknown[]): boolean => {
      checks += 1;
      return (check as (...all: readonly unknown[]) => boolean)(...args);
    };
  const verifier: Verifier = { verify: counted(verify), verifyAggregate: counted(verifyAggregate) };
  const hear = (event: ViewEvent): void => {
    const [next, effects] = stepView(state, verifier, event);
    state = next;
    for (const effect of effects) {
      found.push(effect);
      if (effect.kind === 'verify') {
        const findings = checkJobs(verifier, effect.jobs);
        hear({ kind: 'verified', at: event.at, batch: effect.batch, findings });
      }
      if (effect.kind !== 'read') continue;
      for (const [node, answer] of Object.entries(answers)) {
        const value = answer(effect.topic);
        if (value === undefined) continue;
        hear({ kind: 'answer', at: event.at, node, topic: effect.topic, value });
      }
    }
  };
  const say = (node: string, word: Word, at: Instant = later(START, duration(10_000))): void => {
    hear({ ...word, node, at });
  };
  const tick = (ms: number): void => {
    hear({ kind: 'tick', at: later(START, duration(ms)) });
  };
  const of = <Kind extends ViewEffect['kind']>(kind: Kind) =>
    found.filter((each): each is Extract<ViewEffect, { kind: Kind }> => each.kind === kind);
  const asked = (kind: Topic['kind']) => of('read').filter(({ topic }) => topic.kind === kind);
  hear({ kind: 'stream', at: START, node: 'node1', stream: 'heads', state: 'open' });
  return { hear, say, tick, of, asked, state: () => state, checks: () => checks };
}

const faultsOf = (view: ReturnType<typeof viewOf>) =>
  view.of('fault').map(({ node, code }) => `${node} ${code}`);
const toldBy = (view: ReturnType<typeof viewOf>) =>
  view.of('proposal').map(({ proposal }) => [proposal.hash, proposal.prequorumRound] as const);

/** A block whose predecessor nobody has. */
const orphan = (block: ChainBlock, at: number): Item =>
  itemOf(
    forgeBlock(protocol!, block, { predecessor: hashBlock(Uint8Array.of(at >> 8, at & 255)) }),
  );

const BROKEN = { ...votes[0], signature: votes[1]?.signature };
const proof = itemOf(again)['operations'] as readonly (readonly Item[])[];
const PROOFS: Readonly<Record<string, unknown>> = {
  'an empty pass': [],
  'a pass of another block': (itemOf(blockAt(3))['operations'] as unknown[])[0],
  'its own pass without one vote': proof[0]!.slice(1),
  'its own pass under a wrong signature': proof[0]!.map(vote => ({
    ...vote,
    signature: (BROKEN as Item)['signature'],
  })),
  'no operations at all': [7],
};

describe.each(Object.entries(PROOFS))('a locked block with %s', (_what, pass) => {
  test('is not lost, however early the liar brings it', () => {
    const view = viewOf(HONEST);
    view.say('node5', validated({ ...itemOf(again), operations: [pass, [], [], []] }));
    for (const node of ['node1', 'node2']) view.say(node, validated(itemOf(again)));
    expect(toldBy(view)).toEqual([[again.hash, 0]]);
    expect(new Set(view.of('fault').map(({ node }) => node))).toEqual(new Set(['node5']));
    expect(view.state().refused.size).toBe(0);
  });

  test('is not lost when the liar answers first, and waits as long as nobody else does', () => {
    const cheat = (topic: Topic) => (topic.kind === 'operations' ? pass : honest(topic));
    const silent = (topic: Topic) => (topic.kind === 'operations' ? undefined : honest(topic));
    const view = viewOf({ node5: cheat, node1: silent, node2: silent });
    const { operations: _, ...bare } = itemOf(again);
    view.say('node1', head(bare));
    view.tick(11_100);
    expect(toldBy(view)).toEqual([]);
    expect(view.of('fault').map(({ node }) => node)).toEqual(['node5']);
    view.say('node2', validated(itemOf(again)), later(START, duration(11_200)));
    expect(toldBy(view)).toEqual([[again.hash, 0]]);
  });
});

test('operations that the header does not name cost no signature, where all passes are there', () => {
  const silent = (topic: Topic) => (topic.kind === 'operations' ? undefined : honest(topic));
  const costOf = (lists: readonly unknown[]): number => {
    const view = viewOf({ node1: silent, node2: silent, node3: silent });
    view.say('node1', validated(itemOf(blockAt(3))));
    const before = view.checks();
    view.say('node5', validated({ ...itemOf(again), operations: lists }));
    expect(view.of('fault').map(({ node }) => node)).toEqual(['node5']);
    return view.checks() - before;
  };
  const ownerOnly = 1;
  const pass = PROOFS['its own pass under a wrong signature'];
  expect(costOf([pass, [], [], []])).toBe(ownerOnly);
  expect(costOf([pass])).toBeGreaterThan(ownerOnly);
});

test('what is in the first pass is read only where a locked round needs it', () => {
  const trap = {
    get branch(): never {
      throw new Error('it was read');
    },
  };
  const view = viewOf();
  view.say('node1', validated({ ...itemOf(blockAt(3)), operations: [[trap], [], [], []] }));
  expect(toldBy(view)).toEqual([[blockAt(3).hash, null]]);
  const locked = { ...itemOf(again), operations: [[trap]] };
  expect(() => view.say('node1', validated(locked))).toThrow('it was read');
});

test('a good block is told once, however many bad ones come between', () => {
  const view = viewOf();
  view.say('node1', validated(itemOf(blockAt(3))));
  for (let at = 0; at < 300; at += 1) {
    const proof_of_work_nonce = at.toString(16).padStart(16, '0');
    const { header } = blockAt(3);
    const bytes = encode(blockHeader(protocol!), { ...header, proof_of_work_nonce });
    const bad = { ...header, proof_of_work_nonce, hash: hashBlock(bytes) };
    view.say('node5', head(bad));
  }
  view.say('node2', validated(itemOf(blockAt(3))));
  expect(toldBy(view)).toEqual([[blockAt(3).hash, null]]);
  expect(view.state().refused.size).toBe(256);
});

describe('what waits', () => {
  const FLOOD = 1_000;
  const noHeaders = (topic: Topic) => (topic.kind === 'header' ? undefined : honest(topic));
  const DEAF: Answers = { node1: noHeaders, node2: noHeaders, node3: noHeaders };

  test('is not pushed out by a node that brings blocks without end, nor are questions put without end', () => {
    const view = viewOf(DEAF);
    view.say('node1', validated(itemOf(blockAt(3))));
    const before = view.asked('header').length;
    for (let at = 0; at < FLOOD; at += 1) view.say('node5', validated(orphan(blockAt(3), at)));
    expect(view.asked('header').length - before).toBe(8);
    const { predecessor } = blockAt(3).header;
    const topic = { kind: 'header', hash: predecessor } as const;
    const value = honest(topic);
    view.hear({ kind: 'answer', at: START, node: 'node2', topic, value });
    expect(toldBy(view)).toEqual([[blockAt(3).hash, null]]);
    expect(faultsOf(view)).toEqual([]);
  });

  test('for the protocol waits apart from what other nodes brought', () => {
    let isOpen = false;
    const answer = (topic: Topic) => (isOpen ? honest(topic) : undefined);
    const view = viewOf({ node1: answer, node2: answer, node3: answer });
    view.say('node1', validated(itemOf(blockAt(3))));
    for (let at = 0; at < FLOOD; at += 1) view.say('node5', validated(orphan(blockAt(3), at)));
    expect(view.state().parkedBlocks.size).toBe(1 + 8);
    isOpen = true;
    view.tick(11_100);
    expect(toldBy(view)).toEqual([[blockAt(3).hash, null]]);
  });

  test('is let go three rounds later, and asked for no more', () => {
    let answers = ALL;
    const turn = (node: string) => (topic: Topic) => answers[node]?.(topic);
    const view = viewOf(Object.fromEntries(Object.keys(ALL).map(node => [node, turn(node)])));
    view.say('node1', validated(itemOf(blockAt(2))));
    answers = DEAF;
    view.say('node5', validated(orphan(blockAt(3), 1)));
    view.tick(13_500);
    expect(view.state().parkedBlocks.size).toBe(1);
    view.tick(14_100);
    const asked = view.asked('header').length;
    view.tick(16_000);
    expect(view.state().parkedBlocks.size).toBe(0);
    expect(view.asked('header')).toHaveLength(asked);
  });

  test('is let go after a minute where nobody knows yet how long a round is', () => {
    const view = viewOf(DEAF);
    view.say('node5', validated(orphan(blockAt(3), 1)));
    view.tick(69_900);
    expect(view.state().parkedBlocks.size).toBe(1);
    view.tick(70_000);
    expect(view.state().parkedBlocks.size).toBe(0);
  });

  test('gives way to a higher block of its own node: who can judge nothing for long wants the latest', () => {
    let isOpen = false;
    const later = (topic: Topic) => (isOpen ? honest(topic) : undefined);
    const view = viewOf({ node1: later, node2: later, node3: later });
    for (let at = 0; at < 8; at += 1) view.say('node1', validated(orphan(blockAt(2), at)));
    view.say('node1', validated(itemOf(blockAt(5))));
    expect(view.state().parkedBlocks.size).toBe(8);
    isOpen = true;
    view.tick(11_100);
    expect(toldBy(view)).toEqual([[blockAt(5).hash, null]]);
  });

  test('goes with the levels that the chain has left, and what comes from there is not asked about', () => {
    const view = viewOf();
    view.say('node5', validated(orphan(blockAt(3), 1)));
    view.say('node1', validated(itemOf(blockAt(5))));
    view.tick(10_000);
    expect(view.state().parkedBlocks.size).toBe(0);
    const asked = view.asked('header').length;
    view.say('node5', validated(orphan(blockAt(3), 2)));
    expect(view.asked('header')).toHaveLength(asked);
  });

  test('does not hide the votes that another node brings, and votes ask for no rights', () => {
    const noKeys = (topic: Topic) => (topic.kind === 'key' ? undefined : honest(topic));
    const late = viewOf({ node1: noKeys, node2: noKeys, node3: noKeys });
    late.say('node1', validated(itemOf(blockAt(3))));
    const rights = late.asked('rights').length;
    const own = votes.filter(({ contents: [vote] }) => vote.kind === 'preattestation');
    const ofLevel = own.filter(({ contents: [vote] }) => 'level' in vote && vote.level === 3);
    const [first] = ofLevel;
    const made = Array.from({ length: 3 * FLOOD }, (_, at) => ({
      ...first,
      contents: [{ ...first?.contents[0], level: 10 + at }],
    }));
    late.say('node5', { kind: 'operations', items: made });
    expect(late.asked('rights')).toHaveLength(rights);
    expect(late.state().votes.size).toBe(2_048);
    late.say('node5', { kind: 'operations', items: ofLevel });
    late.say('node1', { kind: 'operations', items: ofLevel });
    expect(late.state().votes.size).toBe(2_048 + ofLevel.length);
    late.tick(14_000);
    expect(late.state().votes.size).toBe(0);
  });
});

describe('a header that was asked for', () => {
  test('is no other header, and what nobody asked for is not kept', () => {
    const { hash } = blockAt(2);
    const wrong = (topic: Topic) =>
      topic.kind === 'header' ? honest({ kind: 'header', hash: blockAt(1).hash }) : honest(topic);
    const view = viewOf({ node5: wrong, ...HONEST });
    view.say('node1', validated(itemOf(blockAt(3))));
    expect(faultsOf(view)).toEqual(['node5 wrong_hash']);
    expect(toldBy(view)).toEqual([[blockAt(3).hash, null]]);
    expect([...view.state().headers.keys()].sort()).toEqual([hash, blockAt(3).hash].sort());
    const topic = { kind: 'header', hash: blockAt(1).hash } as const;
    view.hear({ kind: 'answer', at: START, node: 'node5', topic, value: honest(topic) });
    expect(view.state().headers.size).toBe(2);
  });
});

describe('where two nodes lie and one is dead', () => {
  const moved = (topic: Topic) => {
    const value = honest(topic);
    if (topic.kind !== 'rights' || !Array.isArray(value)) return value;
    return [{ ...(value as Item[])[0], consensus_threshold: '1' }];
  };
  const silent = (topic: Topic) => (topic.kind === 'rights' ? undefined : honest(topic));
  /** All say the truth of the rights of levels up to 2. */
  const from3 = (answer: (topic: Topic) => unknown) => (topic: Topic) =>
    topic.kind === 'rights' && topic.level > 2 ? answer(topic) : honest(topic);
  const ANSWERS = { ...ALL, node3: from3(silent), node4: from3(moved), node5: from3(moved) };

  test('the end of the rights that are known is told once a level, when its round is over', () => {
    const view = viewOf(ANSWERS);
    view.say('node1', validated(itemOf(blockAt(2))), later(START, duration(2_050)));
    const { hash, round } = blockAt(3);
    for (const node of ['node1', 'node2']) {
      view.say(node, validated(itemOf(blockAt(3))), later(START, duration(3_050)));
    }
    view.tick(3_900);
    expect(view.of('abstain')).toEqual([]);
    for (const ms of [4_000, 4_250, 4_500]) view.tick(ms);
    view.say('node1', validated(itemOf(blockAt(4))), later(START, duration(4_600)));
    view.tick(4_750);
    expect(view.of('abstain')).toEqual([
      { kind: 'abstain', level: 3, round, hash, reason: 'rights_unknown', seats: [] },
    ]);
    expect(toldBy(view).map(([told]) => told)).toEqual([blockAt(2).hash]);
    for (const ms of [5_250, 5_500]) view.tick(ms);
    expect(view.of('abstain').map(({ level }) => level)).toEqual([3, 4]);
  });
});

test('a level that a liar made up while nothing was known yet is waited for no longer, and not told', () => {
  const noRights = (topic: Topic) =>
    topic.kind === 'rights' && topic.level === 99 ? undefined : honest(topic);
  const view = viewOf({ node1: noRights, node2: noRights, node3: noRights });
  const fitness = writeFitness({ ...readFitness(blockAt(3).header.fitness), level: 99 as Level });
  const below = { ...readFitness(blockAt(2).header.fitness), level: 98 as Level };
  const first = forgeBlock(protocol!, blockAt(2), {
    level: 98 as Level,
    fitness: writeFitness(below),
  });
  const changes = { level: 99 as Level, fitness, predecessor: first.hash };
  const second = forgeBlock(protocol!, blockAt(3), changes);
  const at = later(START, duration(3_000));
  view.say('node5', validated(itemOf(second)), at);
  const topic = { kind: 'header', hash: first.hash } as const;
  const value = { ...first.header, hash: first.hash };
  view.hear({ kind: 'answer', at, node: 'node5', topic, value });
  expect(view.asked('rights').map(({ topic: each }) => each)).toContainEqual({
    kind: 'rights',
    level: 99,
  });
  view.say('node1', validated(itemOf(blockAt(3))), at);
  view.tick(4_100);
  expect(view.of('abstain')).toEqual([]);
  expect(view.state().parkedBlocks.size).toBe(0);
  view.say('node5', validated(itemOf(second)), at);
  expect(faultsOf(view)).toEqual(['node5 far_ahead']);
});
