import { duration, instant, later, type Instant } from '@meridian/prelude';
import { createChain, createNode, type ChainBlock } from '@meridian/sandbox-chain';
import { PROTOCOLS, type Level, type PublicKeyHash } from '@meridian/tezos';
import { verify, verifyAggregate } from '@meridian/tezos/crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  checkJobs,
  newView,
  pathOf,
  stepView,
  type Topic,
  type Verifier,
  type ViewEffect,
  type ViewEvent,
} from './index.ts';

const verifier = { verify, verifyAggregate } as unknown as Verifier;
const [protocol] = PROTOCOLS.filter(({ number }) => number === '025');

/** A chain of real blocks by robots, and what its nodes said. */
const chain = createChain({
  seed: 3,
  protocol: protocol!,
  genesisTime: instant(1_800_000_000_000),
  minimalBlockDelay: duration(1_000),
  delayIncrementPerRound: duration(1_000),
  committeeSize: 64,
  blocksPerCycle: 64,
  allBakersAttest: false,
  robots: { tz1: 2, tz2: 1, tz3: 1, tz4: 1 },
  guests: [],
  latency: { min: duration(5), max: duration(20) },
  script: [{ level: 4, kind: 'no_quorum' }],
});
const node = createNode(chain, { name: 'node1', now: () => instant(0) });
const blocks: ChainBlock[] = [];
const votes: object[] = [];
beforeAll(() => {
  while (chain.head().level < 6) {
    for (const event of chain.advanceTo(chain.nextWake())) {
      node.deliver([event]);
      if (event.kind === 'validated') blocks.push(event.block);
      if (event.kind === 'operation') votes.push({ ...event.operation.value });
    }
  }
});

/** What an honest node answers. */
function honest(topic: Topic): unknown {
  const [path = '', query = ''] = pathOf(topic).split('?');
  const reply = node.handle({ method: 'GET', path, query: new URLSearchParams(query), body: '' });
  return 'stream' in reply || reply.status !== 200 ? undefined : JSON.parse(reply.body);
}

function blockItem({ hash, header, operations }: ChainBlock): Record<string, unknown> {
  const passes = operations.map(pass => pass.map(({ value }) => value));
  return { hash, header, operations: passes, chain_id: chain.chainId };
}

type Answers = Readonly<Record<string, (topic: Topic) => unknown>>;
const ALL: Answers = { node1: honest, node2: honest, node3: honest };

/** A view of nodes that answer so; what it finds is gathered. */
function viewOf(answers: Answers = ALL, quorum = 2) {
  let state = newView({ chainId: chain.chainId, keys: new Set<PublicKeyHash>(), quorum });
  const found: ViewEffect[] = [];
  const at = { now: instant(1_800_000_010_000) };
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
      for (const [name, answer] of Object.entries(answers)) {
        const value = answer(effect.topic);
        if (value !== undefined)
          hear({ kind: 'answer', at: event.at, node: name, topic: effect.topic, value });
      }
    }
  };
  const block = (item: unknown, from = 'node1', when: Instant = at.now): void => {
    hear({ kind: 'block', at: when, node: from, stream: 'validated_blocks', item });
  };
  const of = <Kind extends ViewEffect['kind']>(kind: Kind) =>
    found.filter((each): each is Extract<ViewEffect, { kind: Kind }> => each.kind === kind);
  const start = (): void =>
    hear({ kind: 'stream', at: at.now, node: 'node1', stream: 'heads', state: 'open' });
  start();
  return { hear, block, of, now: at.now, state: () => state };
}

const levelOf = (at: number): ChainBlock => blocks.find(({ level }) => level === at)!;
const faultsOf = (view: ReturnType<typeof viewOf>) => view.of('fault').map(({ code }) => code);

describe('a block', () => {
  test('is told once, whoever brings it, with the hash at level L-2 as branch of its votes', () => {
    const view = viewOf();
    for (const name of ['node1', 'node2', 'node3']) view.block(blockItem(levelOf(3)), name);
    const [first, ...others] = view.of('proposal');
    expect(others).toEqual([]);
    expect(first?.proposal).toMatchObject({
      hash: levelOf(3).hash,
      level: 3,
      round: levelOf(3).round,
    });
    expect(first?.proposal.predecessor.predecessor).toBe(levelOf(1).hash);
    expect(faultsOf(view)).toEqual([]);
  });

  test('that was judged is not read again: its name is enough, and what else an item says is not heard', () => {
    const view = viewOf();
    view.block(blockItem(levelOf(3)), 'node1');
    view.block({ hash: levelOf(3).hash, header: { level: 99 } }, 'node2');
    expect(view.of('proposal')).toHaveLength(1);
    expect(faultsOf(view)).toEqual([]);
    expect(view.state().nodes.get('node2')).toMatchObject({ level: 3, lastBlockAt: view.now });
  });

  test('that carries a prequorum is told with its round, once every signature in it is checked', () => {
    const view = viewOf();
    const again = blocks.find(({ level, round }) => level === 4 && round > 0)!;
    view.block(blockItem(again));
    expect(view.of('proposal')[0]?.proposal.prequorumRound).toBe(0);
  });

  test('whose prequorum lacks votes is not told as long as nobody brings one that has them', () => {
    const silent = (topic: Topic) => (topic.kind === 'operations' ? undefined : honest(topic));
    const view = viewOf({ node1: silent, node2: silent });
    const again = blocks.find(({ level, round }) => level === 4 && round > 0)!;
    const { operations, ...rest } = blockItem(again);
    const [consensus = []] = operations as unknown[][];
    const isProof = (each: unknown) => JSON.stringify(each).includes('"preattestation');
    const poorer = consensus
      .filter(each => !isProof(each))
      .concat(consensus.filter(isProof).slice(0, 1));
    view.block({ ...rest, operations: [poorer, [], [], []] });
    expect(faultsOf(view)).toEqual(['false_prequorum']);
    expect(view.of('proposal')).toEqual([]);
    view.block(blockItem(again), 'node2');
    expect(view.of('proposal')[0]?.proposal.prequorumRound).toBe(0);
  });

  test.each<[string, string, (item: Record<string, unknown>) => unknown]>([
    ['under another hash', 'wrong_hash', item => ({ ...item, hash: levelOf(2).hash })],
    ['of another chain', 'other_chain', item => ({ ...item, chain_id: 'NetXdQprcVkpaWU' })],
    ['that is half a header', 'unreadable', ({ hash }) => ({ hash, header: { level: 3 } })],
    ['that is a number', 'unreadable', () => 7],
  ])('%s is disbelieved', (_what, code, forge) => {
    const view = viewOf();
    view.block(forge(blockItem(levelOf(3))));
    expect(faultsOf(view)).toEqual([code]);
    expect(view.of('proposal')).toEqual([]);
  });

  test('that came before its predecessor goes on when that one comes', () => {
    const { hash } = levelOf(3);
    const answer = (topic: Topic) =>
      topic.kind === 'header' && topic.hash === hash ? undefined : honest(topic);
    const view = viewOf({ node1: answer, node2: answer });
    view.block(blockItem(levelOf(4)));
    expect(view.of('proposal')).toEqual([]);
    view.block(blockItem(levelOf(3)));
    expect(view.of('proposal').map(({ proposal: { level } }) => level)).toEqual([3, 4]);
  });

  test('that waits for an answer goes on when the answer comes', () => {
    const silent = (): unknown => undefined;
    const view = viewOf({
      node1: topic => (topic.kind === 'header' ? silent() : honest(topic)),
      node2: honest,
      node3: silent,
    });
    view.block(blockItem(levelOf(3)), 'node3');
    expect(view.of('proposal')).toHaveLength(1);
  });
});

describe('rights', () => {
  const cheat = (topic: Topic): unknown => {
    const value = honest(topic);
    if (topic.kind !== 'rights' || !Array.isArray(value)) return value;
    const [row] = value as [{ consensus_threshold: string }];
    return [{ ...row, consensus_threshold: '1' }];
  };

  test('hold when most nodes say the same, and who says something else is named', () => {
    const view = viewOf({ node1: cheat, node2: honest, node3: honest });
    view.block(blockItem(levelOf(3)));
    const facts = view.of('facts').find(({ facts: { level } }) => level === 3);
    expect(facts?.facts.threshold).toBe(chain.rights(3).threshold);
    expect(new Set(view.of('fault').map(({ node: name, code }) => `${name} ${code}`))).toEqual(
      new Set(['node1 outvoted']),
    );
  });

  test('without agreement there are none, and the block is not told', () => {
    const view = viewOf({ node1: cheat, node2: honest });
    view.block(blockItem(levelOf(3)));
    expect(view.of('facts')).toEqual([]);
    expect(view.of('proposal')).toEqual([]);
  });

  test('are asked for ahead of their levels', () => {
    const view = viewOf();
    view.block(blockItem(levelOf(3)));
    const asked = view
      .of('read')
      .flatMap(({ topic }) => (topic.kind === 'rights' ? [topic.level] : []));
    expect(Math.max(...asked)).toBe(3 + 16);
  });
});

describe('votes', () => {
  const preattestations = () =>
    votes.filter(
      vote =>
        JSON.stringify(vote).includes('"preattestation","slot"') &&
        JSON.stringify(vote).includes('"level":3,'),
    );

  test('of the level are checked once each, under the keys of their slots, and told at their prequorum', () => {
    const view = viewOf();
    view.block(blockItem(levelOf(3)));
    for (const items of preattestations().map(vote => [vote])) {
      for (const name of ['node1', 'node2'])
        view.hear({ kind: 'operations', at: view.now, node: name, items });
    }
    const checked = view.of('verify').flatMap(({ jobs }) => jobs.flatMap(({ claims }) => claims));
    expect(new Set(checked.map(({ signature }) => signature)).size).toBe(checked.length);
    const { level, round, payloadHash } = levelOf(3);
    const branch = levelOf(1).hash;
    expect(view.of('prequorum').map(({ candidate }) => candidate)).toEqual([
      { level, round, payloadHash, branch },
    ]);
    expect(faultsOf(view)).toEqual([]);
  });

  test('with a signature of somebody else are disbelieved, and do not hide the true ones', () => {
    const view = viewOf();
    view.block(blockItem(levelOf(3)));
    const [first, second] = preattestations() as { signature: string }[];
    const forged = { ...first, signature: second?.signature };
    view.hear({ kind: 'operations', at: view.now, node: 'node2', items: [forged] });
    view.hear({ kind: 'operations', at: view.now, node: 'node1', items: [first] });
    expect(faultsOf(view)).toEqual(['wrong_signature']);
    const [tally] = view.state().tallies.values();
    expect(tally?.slots.size).toBe(1);
  });

  test('that cannot be read are disbelieved', () => {
    const view = viewOf();
    view.block(blockItem(levelOf(3)));
    view.hear({
      kind: 'operations',
      at: view.now,
      node: 'node1',
      items: [{ contents: [{ kind: 'preattestation' }] }],
    });
    expect(faultsOf(view)).toEqual(['unreadable']);
  });
});

test('what comes before the protocol is agreed on is read once it is', () => {
  let isOpen = false;
  const answer = (topic: Topic): unknown => (isOpen ? honest(topic) : undefined);
  const view = viewOf({ node1: answer, node2: answer });
  view.hear({
    kind: 'operations',
    at: view.now,
    node: 'node1',
    items: votes.filter(vote => JSON.stringify(vote).includes('"level":3,')),
  });
  view.block(blockItem(levelOf(3)));
  isOpen = true;
  view.hear({ kind: 'tick', at: later(view.now, duration(1_100)) });
  expect(view.of('proposal')).toHaveLength(1);
  expect(view.of('prequorum')).toHaveLength(1);
});

test('unanswered questions are put again', () => {
  const view = viewOf({});
  const before = view.of('read').length;
  view.hear({ kind: 'tick', at: later(view.now, duration(1_100)) });
  expect(view.of('read').length).toBeGreaterThan(before);
});

test.each<[string, unknown]>([
  ['an object that is no text', { toString: 1 }],
  ['lists in lists without end', Array.from({ length: 20_000 }).reduce(inner => [inner], 0)],
  ['nothing', undefined],
])('a vote with %s in any of its fields is unreadable, and ends nothing', (_what, odd) => {
  const vote = votes.find(each => JSON.stringify(each).includes('"preattestation","slot"'));
  const { contents } = vote as unknown as { contents: readonly object[] };
  const broken = [
    ...['level', 'round', 'slot', 'block_payload_hash'].map(field => ({
      ...vote,
      contents: [{ ...contents[0], [field]: odd }],
    })),
    ...['branch', 'signature'].map(field => ({ ...vote, [field]: odd })),
  ];
  const view = viewOf();
  view.block(blockItem(levelOf(3)));
  for (const each of broken)
    view.hear({ kind: 'operations', at: view.now, node: 'node2', items: [each] });
  expect(faultsOf(view)).toEqual(broken.map(() => 'unreadable'));
});

test('rights that nodes say again count nothing anew', () => {
  const view = viewOf();
  view.block(blockItem(levelOf(3)));
  const topic = { kind: 'rights', level: 3 as Level } as const;
  const [before, counted] = [view.state().rights.get(topic.level), view.of('facts').length];
  // For a moment no two nodes say the same.
  const odd = (threshold: string): unknown => {
    const [row] = honest(topic) as [object];
    return [{ ...row, consensus_threshold: threshold }];
  };
  const said = [odd('1'), odd('2'), honest(topic), honest(topic)];
  said.forEach((value, at) => {
    const node = ['node1', 'node2', 'node3', 'node1'][at]!;
    view.hear({ kind: 'answer', at: view.now, node, topic, value });
  });
  expect(view.of('facts')).toHaveLength(counted);
  expect(view.state().rights.get(topic.level)).toBe(before);
});
