import { checkJobs, pathOf, type NodeWord, type Topic, type Verifier } from '@meridian/chain-view';
import { duration, instant, later, type Instant } from '@meridian/prelude';
import { createChain, createNode, forgeBlock } from '@meridian/sandbox-chain';
import type { ChainEvent, SandboxChain, SandboxNode } from '@meridian/sandbox-chain';
import { fromHex, PROTOCOLS, type Protocol } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed, sign } from '@meridian/tezos/crypto';
import { verify, verifyAggregate } from '@meridian/tezos/crypto';
import { describe, expect, test } from 'vitest';
import { newLine, operationHex, signBytesOf, stepLine } from './index.ts';
import type { LineEffect, LineEvent } from './index.ts';

/*
 * A chain goes from one protocol to the next while an endorser votes on it: the migration block takes no votes, the
 * block after it is voted on at once.
 */

const SECRET = secretKeyOfSeed('tz1', new Uint8Array(32).fill(42));
const KEY = publicKeyOf(SECRET);
const PKH = publicKeyHashOf(KEY);
const VERIFIER = { verify, verifyAggregate } as unknown as Verifier;
const MIGRATION = 6;
const LEVELS = 10;
const NODES = ['node1', 'node2', 'node3'];
const QUORUM = 2;

const protocolOf = (wanted: string): Protocol => PROTOCOLS.find(({ number }) => number === wanted)!;

type Change = {
  readonly from: string;
  readonly to: string;
  readonly minimalBlockDelay?: number;
  /** Levels around which the proposals of round 0 find no quorum. */
  readonly noQuorum?: number;
};

function chainOf({ from, to, minimalBlockDelay, noQuorum }: Change): SandboxChain {
  const faster =
    minimalBlockDelay === undefined ? {} : { minimalBlockDelay: duration(minimalBlockDelay) };
  return createChain({
    ...{ seed: 7, protocol: protocolOf(from), genesisTime: instant(1_800_000_000_000) },
    ...{ minimalBlockDelay: duration(2_000), delayIncrementPerRound: duration(1_000) },
    ...{ committeeSize: 64, blocksPerCycle: 8, allBakersAttest: false },
    robots: { tz1: 1, tz2: 1, tz3: 1, tz4: 2 },
    guests: [{ delegate: PKH, consensusKey: KEY, stake: 40 }],
    latency: { min: duration(5), max: duration(60) },
    script: noQuorum === undefined ? [] : [{ level: noQuorum, kind: 'no_quorum' }],
    activations: [{ level: MIGRATION, protocol: protocolOf(to), ...faster }],
  });
}

function wordOf(event: ChainEvent, { chainId }: SandboxChain): NodeWord {
  if (event.kind === 'operation') return { kind: 'operations', items: [event.operation.value] };
  const { hash, header, operations } = event.block;
  if (event.kind === 'head') return { kind: 'block', stream: 'heads', item: { ...header, hash } };
  const passes = operations.map(pass => pass.map(({ value }) => value));
  const item = { chain_id: chainId, hash, header, operations: passes };
  return { kind: 'block', stream: 'validated_blocks', item };
}

function answerOf(node: SandboxNode, topic: Topic): unknown {
  const [path = '', query = ''] = pathOf(topic).split('?');
  const reply = node.handle({ method: 'GET', path, query: new URLSearchParams(query), body: '' });
  return 'stream' in reply || reply.status !== 200 ? undefined : JSON.parse(reply.body);
}

/** What differs between runs. */
type Run = {
  /** The level at whose block the endorser starts. */
  readonly startsAt?: number;
  /** Levels of which it hears nothing. */
  readonly deafAt?: readonly number[];
  /** Whether nothing is asked again because time passes. */
  readonly isTimeless?: boolean;
  /** Replaces what nodes say of the next protocol. */
  readonly named?: string;
  readonly equals?: ReadonlyMap<string, Protocol>;
  /** What else a node brings when a level is validated. */
  readonly also?: (level: number, chain: SandboxChain) => readonly unknown[];
};

/** Votes with one key on a chain that changes its protocol. */
function voterOn(chain: SandboxChain, change: Change, { named, equals }: Run) {
  let now = chain.options.genesisTime;
  const nodes = NODES.map(name => ({ name, node: createNode(chain, { name, now: () => now }) }));
  const options = { chainId: chain.chainId, keys: new Set([PKH]), quorum: QUORUM };
  let line = newLine({ ...options, ...(equals && { equals }) }, { sign: 'at_prequorum' });
  const found: LineEffect[] = [];
  const hear = (event: LineEvent): void => {
    const [next, effects] = stepLine(line, VERIFIER, event);
    line = next;
    found.push(...effects);
    for (const effect of effects) perform(effect);
  };
  const perform = (effect: LineEffect): void => {
    if (effect.kind === 'read_marks') {
      hear({ kind: 'marks', at: now, hash: effect.hash, marks: new Map([[PKH, null]]) });
    } else if (effect.kind === 'inject') {
      chain.inject(now, fromHex(effect.operation));
    } else if (effect.kind === 'sign') {
      for (const ballot of effect.ballots) {
        const signature = sign(SECRET, signBytesOf(chain.chainId, ballot));
        hear({ kind: 'signed', at: now, ballot, operation: operationHex(ballot, signature) });
      }
    } else if (effect.kind === 'verify') {
      const findings = checkJobs(VERIFIER, effect.jobs);
      hear({ kind: 'verified', at: now, batch: effect.batch, findings });
    } else if (effect.kind === 'read') {
      for (const { name, node } of nodes) answer(name, effect.topic, answerOf(node, effect.topic));
    }
  };
  const answer = (node: string, topic: Topic, value: unknown): void => {
    if (value === undefined) return;
    const { next_protocol: next } = value as { next_protocol?: string };
    const isRenamed = topic.kind === 'protocols' && next === protocolOf(change.to).hash;
    const said = isRenamed && named !== undefined ? { next_protocol: named } : value;
    hear({ kind: 'answer', at: now, node, topic, value: said });
  };
  return {
    found,
    deliver: (at: Instant, events: readonly ChainEvent[]): void => {
      now = at;
      for (const { node } of nodes) node.deliver(events);
    },
    hear: (event: ChainEvent): void => {
      for (const node of NODES) hear({ ...wordOf(event, chain), node, at: now });
    },
    bring: (item: unknown): void => {
      hear({ kind: 'block', stream: 'heads', item, node: 'node3', at: now });
    },
    tick: (): void => {
      hear({ kind: 'tick', at: now });
    },
  };
}

/** What came of a vote on every block that is heard of. */
function run(change: Change, options: Run = {}) {
  const { startsAt = 0, deafAt = [], isTimeless = false, also = () => [] } = options;
  const chain = chainOf(change);
  const voter = voterOn(chain, change, options);
  const attested = new Map<number, boolean>();
  /** The highest level that was heard of, and what it was when a protocol was learnt. */
  let heard = 0;
  const learntAt: number[] = [];
  let tickAt = chain.options.genesisTime;
  while (chain.head().level < LEVELS + 2) {
    const wake = chain.nextWake();
    const now = wake < tickAt ? wake : tickAt;
    const events = chain.advanceTo(now);
    voter.deliver(now, events);
    for (const event of events) {
      const level = event.kind === 'operation' ? chain.head().level : event.block.level;
      if (level < startsAt || deafAt.includes(level)) continue;
      heard = Math.max(heard, level);
      const before = voter.found.length;
      voter.hear(event);
      if (event.kind === 'validated') also(level, chain).forEach(voter.bring);
      const since = voter.found.slice(before);
      learntAt.push(...since.flatMap(({ kind }) => (kind === 'protocol' ? [heard] : [])));
    }
    if (now === tickAt) {
      tickAt = later(now, duration(250));
      if (!isTimeless) voter.tick();
    }
    for (const { level, attested: yes } of chain.takeVerdicts()) attested.set(level, yes);
  }
  const { found } = voter;
  const of = <Kind extends LineEffect['kind']>(kind: Kind) =>
    found.filter((each): each is Extract<LineEffect, { kind: Kind }> => each.kind === kind);
  const missed = [...attested].flatMap(([at, yes]) => (!yes && at <= LEVELS ? [at] : []));
  const voted = new Set(of('inject').map(({ ballot }) => ballot.level as number));
  return { missed, voted, of, found, learntAt };
}

const CHANGES: readonly [string, Change][] = [
  ['023 to 024', { from: '023', to: '024' }],
  ['024 to 025', { from: '024', to: '025' }],
  [
    '025 to the next, with blocks half as far apart',
    { from: '025', to: 'alpha', minimalBlockDelay: 1_000 },
  ],
  [
    '024 to 025, with a missed quorum at the level after',
    { from: '024', to: '025', noQuorum: MIGRATION + 1 },
  ],
];

describe.each(CHANGES)('from %s', (_what, change) => {
  test('every block is voted on but the migration block, and nobody is blamed', () => {
    const { missed, voted, of } = run(change);
    expect(missed).toEqual([]);
    const levels = Array.from({ length: LEVELS }, (_, at) => at + 1);
    expect(levels.filter(level => !voted.has(level))).toEqual([MIGRATION]);
    expect(of('fault')).toEqual([]);
    expect(of('protocol').map(({ hash }) => hash)).toEqual(
      [change.from, change.to].map(number => protocolOf(number).hash),
    );
  });

  test('nodes are asked again when they have the migration block, before the block after it comes', () => {
    const { missed, learntAt } = run(change, { isTimeless: true });
    expect(missed).toEqual([]);
    expect(learntAt).toEqual([1, MIGRATION]);
  });

  test('the rights of levels after the migration are asked for at its block: the head speaks of the old protocol', () => {
    const asked = run(change).of('read');
    const anew = asked.flatMap(({ topic }) =>
      topic.kind === 'rights' && topic.hash !== undefined ? [topic.level] : [],
    );
    expect([...new Set(anew)].sort((one, other) => one - other)).toEqual(
      Array.from({ length: 17 }, (_, ahead) => MIGRATION + 1 + ahead),
    );
  });

  test.each([MIGRATION - 1, MIGRATION, MIGRATION + 1])(
    'an endorser that starts at level %i votes on the block after the migration',
    startsAt => {
      const { missed, voted, of } = run(change, { startsAt });
      expect(missed.filter(level => level > MIGRATION)).toEqual([]);
      expect(voted.has(MIGRATION)).toBe(false);
      expect(of('fault')).toEqual([]);
    },
  );

  test('an endorser that hears nothing of the levels around the migration votes again after them', () => {
    const deafAt = [MIGRATION - 1, MIGRATION, MIGRATION + 1];
    const { missed, of, found } = run(change, { deafAt });
    const changed = found.findLastIndex(({ kind }) => kind === 'protocol');
    const anew = found
      .slice(changed)
      .flatMap(effect =>
        effect.kind === 'read' && effect.topic.kind === 'rights' ? [effect.topic.level] : [],
      );
    expect(anew).toContain(MIGRATION + 2);
    expect(missed.filter(level => !deafAt.includes(level))).toEqual([]);
    expect(of('fault')).toEqual([]);
  });
});

describe('a block of the old protocol that comes late', () => {
  const change = { from: '024', to: '025', minimalBlockDelay: 1_000 };
  const startsAt = MIGRATION + 1;

  test('when it is the migration block itself, changes nothing', () => {
    const { missed, of } = run(change, {
      startsAt,
      also: (level, chain) => {
        const block = level === startsAt ? chain.atLevel(MIGRATION) : undefined;
        return block === undefined ? [] : [{ ...block.header, hash: block.hash }];
      },
    });
    expect(missed.filter(level => level > MIGRATION)).toEqual([]);
    expect(of('protocol')).toHaveLength(1);
  });

  test('when a liar builds on it, changes nothing', () => {
    const { missed, of } = run(change, {
      startsAt,
      also: (level, chain) => {
        const [block, old] = [chain.head(), chain.atLevel(3)];
        if (level !== MIGRATION + 2 || old === undefined) return [];
        const forged = forgeBlock(protocolOf('025'), block, { predecessor: old.hash });
        return [{ ...forged.header, hash: forged.hash }];
      },
    });
    expect(missed.filter(level => level > MIGRATION)).toEqual([]);
    expect(of('protocol')).toHaveLength(1);
    expect(of('fault').map(({ code }) => code)).toEqual(['wrong_level']);
  });
});

describe('a protocol that nobody here knows', () => {
  const STRANGER = 'PtStranger1111111111111111111111111111111111111111';
  const change = { from: '024', to: '025' };

  test('is told as soon as nodes have its migration block, and gets no vote, with a reason', () => {
    const { missed, voted, of } = run(change, { named: STRANGER });
    expect(of('protocol').at(-1)).toEqual({ kind: 'protocol', hash: STRANGER, isKnown: false });
    expect([...voted].every(level => level < MIGRATION)).toBe(true);
    expect(missed).toContain(MIGRATION + 1);
    expect(of('abstain').map(({ reason }) => reason)).toContain('protocol_unknown');
    expect(of('fault')).toEqual([]);
  });

  test('is voted under where the configuration says which one it equals', () => {
    const equals = new Map([[STRANGER, protocolOf('025')]]);
    const { missed, of } = run(change, { named: STRANGER, equals });
    expect(missed).toEqual([]);
    expect(of('protocol').at(-1)).toEqual({ kind: 'protocol', hash: STRANGER, isKnown: true });
  });
});
