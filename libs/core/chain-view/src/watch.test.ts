import { duration, instant } from '@meridian/prelude';
import { createChain, createNode } from '@meridian/sandbox-chain';
import type { ChainEvent, Trouble } from '@meridian/sandbox-chain';
import { PROTOCOLS } from '@meridian/tezos';
import { describe, expect, test } from 'vitest';
import { GENESIS, hearStory, type Ailment, type Story } from './fixtures.ts';
import { pathOf } from './index.ts';

/** Milliseconds of a block; a later round takes half as long again, as on mainnet. */
const BLOCK_MS = 4_000;
const [protocol] = PROTOCOLS.filter(({ number }) => number === '025');

/** What happens on a chain until it comes to a level. */
function story(levels: number, script: readonly Trouble[] = []): Story {
  const chain = createChain({
    ...{ seed: 3, protocol: protocol!, genesisTime: GENESIS, script, guests: [] },
    ...{ minimalBlockDelay: duration(BLOCK_MS), delayIncrementPerRound: duration(BLOCK_MS / 2) },
    ...{ committeeSize: 16, blocksPerCycle: 64, allBakersAttest: false },
    robots: { tz1: 4, tz2: 0, tz3: 0, tz4: 0 },
    latency: { min: duration(5), max: duration(20) },
  });
  const node = createNode(chain, { name: 'any', now: () => instant(0) });
  const events: ChainEvent[] = [];
  while (chain.head().level < levels) {
    const more = chain.advanceTo(chain.nextWake());
    node.deliver(more);
    events.push(...more);
  }
  const { chainId } = chain;
  return {
    chainId,
    events: events.map(event => ({ atMs: event.at - GENESIS, word: wordOf(event, chainId) })),
    answer: topic => {
      const [path = '', text = ''] = pathOf(topic).split('?');
      const query = new URLSearchParams(text);
      const reply = node.handle({ method: 'GET', path, query, body: '' });
      return 'stream' in reply || reply.status !== 200
        ? undefined
        : (JSON.parse(reply.body) as unknown);
    },
  };
}

function wordOf(event: ChainEvent, chainId: string): Story['events'][number]['word'] {
  if (event.kind === 'operation') return { kind: 'operations', items: [event.operation.value] };
  const { hash, header, operations } = event.block;
  if (event.kind === 'head') return { kind: 'block', stream: 'heads', item: { ...header, hash } };
  const passes = operations.map(pass => pass.map(({ value }) => value));
  const item = { hash, header, operations: passes, chain_id: chainId };
  return { kind: 'block', stream: 'validated_blocks', item };
}

/** When the block of a level was validated first. */
function blockMs({ events }: Story, level: number): number {
  const isIt = ({ word }: Story['events'][number]): boolean =>
    word.kind === 'block' &&
    word.stream === 'validated_blocks' &&
    (word.item as { readonly header: { readonly level: number } }).header.level === level;
  return events.find(isIt)!.atMs;
}

const NODES = ['node1', 'node2', 'node3', 'node4', 'node5'];
const ALL_STREAMS = ['heads', 'operations', 'validated_blocks'];
const quiet = story(9);
/** Some nodes are near, some are far. */
const lagMs = (node: string): number => 60 * NODES.indexOf(node);

/** Everything that ails one of these nodes from then on. */
const ailing = (nodes: readonly string[], fromMs: number, rest: Partial<Ailment> = {}): Ailment[] =>
  nodes.map(node => ({ node, fromMs, kind: 'half_open', ...rest }));

describe('half-open streams', () => {
  const moments = [0.02, 0.35, 0.7, 0.98].map(part => [part] as const);
  describe.each([
    ['one node', ['node1']],
    ['two nodes', ['node2', 'node5']],
    ['four nodes', ['node1', 'node2', 'node3', 'node4']],
  ] as const)('of %s of five', (_how, sick) => {
    test.each(moments)('are found within 1.5 block times, once each, %f into a block', part => {
      const fromMs = Math.round(blockMs(quiet, 4) + part * BLOCK_MS);
      const ailments = ailing(sick, fromMs);
      const restarts = hearStory(quiet, { nodes: NODES, ailments, lagMs }).of('restart');
      for (const node of sick) {
        const own = restarts.filter(each => each.node === node);
        expect(own.map(({ stream }) => stream).sort()).toEqual(ALL_STREAMS);
        expect(Math.max(...own.map(({ atMs }) => atMs)) - fromMs).toBeLessThanOrEqual(
          1.5 * BLOCK_MS,
        );
      }
      expect(restarts).toHaveLength(3 * sick.length);
    });
  });

  test('of every node are found when no node says what its head is, within the next round and a half', () => {
    const fromMs = blockMs(quiet, 4) + 1_000;
    const ailments = ailing(NODES, fromMs, { kind: 'silent', untilMs: fromMs + 3 * BLOCK_MS });
    const restarts = hearStory(quiet, { nodes: NODES, ailments }).of('restart');
    const first = restarts.slice(0, 15);
    expect(new Set(first.map(({ node, stream }) => `${node} ${stream}`)).size).toBe(15);
    expect(first.map(({ why }) => why)).toEqual(Array(15).fill('unanswered'));
    expect(Math.max(...first.map(({ atMs }) => atMs)) - fromMs).toBeLessThanOrEqual(2.1 * BLOCK_MS);
  });

  test('of the only node are found by the head that it answers with', () => {
    const fromMs = blockMs(quiet, 4) + 1_000;
    const ailments = ailing(['node1'], fromMs, { streams: ['heads', 'validated_blocks'] });
    const restarts = hearStory(quiet, { nodes: ['node1'], ailments }).of('restart');
    expect(restarts).toMatchObject([
      { stream: 'validated_blocks', why: 'node_ahead' },
      { stream: 'heads', why: 'node_ahead' },
    ]);
    expect(restarts[1]!.atMs - fromMs).toBeLessThanOrEqual(2 * BLOCK_MS);
  });

  test('are found while they are being opened, too', () => {
    const fromMs = blockMs(quiet, 3) + 10;
    const opening = { kind: 'stream', stream: 'heads', state: 'opening' } as const;
    const ailments = ailing(['node1'], fromMs, { streams: ['heads'] });
    const more = [{ atMs: fromMs + 5, node: 'node1', word: opening }];
    const restarts = hearStory(quiet, { nodes: NODES, ailments, more }).of('restart');
    expect(restarts).toMatchObject([{ node: 'node1', stream: 'heads', why: 'others_ahead' }]);
  });
});

describe('nothing is restarted', () => {
  const troubles: readonly (readonly [string, Trouble])[] = [
    ...[1, 2, 3, 4, 5, 6].map(
      rounds =>
        [
          `in a pause of ${rounds} rounds`,
          { level: 5, kind: 'missed_rounds', rounds } as const,
        ] as const,
    ),
    ['where a quorum is missed', { level: 5, kind: 'no_quorum' }],
    ['in a reorganisation', { level: 5, kind: 'reorganisation' }],
  ];
  test.each(troubles)('%s', (_what, trouble) => {
    const told = hearStory(story(8, [trouble]), { nodes: NODES, lagMs });
    expect(told.of('restart')).toEqual([]);
  });

  test.each([1, 2, 3, 4, 5, 6])('where the only node pauses for %i rounds', rounds => {
    const paused = story(8, [{ level: 5, kind: 'missed_rounds', rounds }]);
    expect(hearStory(paused, { nodes: ['node1'] }).of('restart')).toEqual([]);
  });

  test('by whoever repeats in a pause what was said before', () => {
    const paused = story(8, [{ level: 5, kind: 'missed_rounds', rounds: 4 }]);
    const startMs = blockMs(paused, 4);
    const old = paused.events.filter(({ atMs }) => atMs <= startMs).slice(-40);
    const more = [1.3, 1.6, 2, 3, 4].flatMap(part =>
      old.map(({ word }) => ({
        ...{ atMs: Math.round(startMs + part * BLOCK_MS), node: 'node5' },
        word,
      })),
    );
    expect(hearStory(paused, { nodes: NODES, more }).of('restart')).toEqual([]);
  });

  test('that was opened in a pause, when all there was had been brought already', () => {
    const paused = story(8, [{ level: 5, kind: 'missed_rounds', rounds: 6 }]);
    const [fromMs, untilMs] = [blockMs(paused, 4) - 10, blockMs(paused, 4) + BLOCK_MS];
    const ailments = ailing(['node1', 'node2'], fromMs, { kind: 'silent', untilMs });
    const more = ['node1', 'node2'].flatMap(node =>
      (['validated_blocks', 'heads'] as const).flatMap(stream =>
        (['failing', 'opening', 'open'] as const).map(state => ({
          ...{ node, atMs: state === 'failing' ? fromMs : untilMs },
          word: { kind: 'stream', stream, state } as const,
        })),
      ),
    );
    const restarts = hearStory(paused, { nodes: NODES, ailments, more }).of('restart');
    expect(restarts.filter(({ stream }) => stream !== 'operations')).toEqual([]);
  });

  test('by a view that begins in a pause', () => {
    const paused = story(8, [{ level: 5, kind: 'missed_rounds', rounds: 6 }]);
    const fromMs = blockMs(paused, 4) + BLOCK_MS;
    for (const nodes of [NODES, ['node1']])
      expect(hearStory(paused, { nodes, fromMs }).of('restart')).toEqual([]);
  });

  test('where the first block is there, and what proves it is still being read', () => {
    const rightsFromMs = blockMs(quiet, 1) + 1.5 * BLOCK_MS;
    expect(hearStory(quiet, { nodes: NODES, rightsFromMs }).of('restart')).toEqual([]);
  });

  test('that is failing or that an ACL refuses: it is asked for again anyway', () => {
    const more = (['failing', 'refused'] as const).map((state, at) => ({
      ...{ atMs: blockMs(quiet, 3) + 10, node: `node${at + 1}` },
      word: { kind: 'stream', stream: 'heads', state } as const,
    }));
    const ailments = ailing(['node1', 'node2'], more[0]!.atMs, { streams: ['heads'] });
    expect(hearStory(quiet, { nodes: NODES, ailments, more }).of('restart')).toEqual([]);
  });
});

describe('a stream that stays silent', () => {
  const long = story(40);
  const fromMs = blockMs(long, 4) + 10;

  test('is given up ever more rarely, up to eight times the bound', () => {
    const ailments = ailing(['node2'], fromMs, { kind: 'silent', streams: ['heads'] });
    const times = hearStory(long, { nodes: NODES, ailments })
      .of('restart')
      .map(({ atMs }) => atMs);
    const gaps = times.slice(1).map((at, index) => (at - times[index]!) / BLOCK_MS);
    expect(gaps.map(Math.round)).toEqual([3, 5, 10, 10]);
  });

  test('is found as fast as before once it has had news again', () => {
    const ailments = [
      ...ailing(['node2'], fromMs, { kind: 'silent', untilMs: fromMs + 8 * BLOCK_MS }),
      ...ailing(['node2'], fromMs + 20 * BLOCK_MS),
    ];
    const again = hearStory(long, { nodes: NODES, ailments })
      .of('restart')
      .filter(({ atMs }) => atMs > fromMs + 20 * BLOCK_MS);
    expect(again).toHaveLength(3);
    const lastMs = Math.max(...again.map(({ atMs }) => atMs));
    expect(lastMs - fromMs - 20 * BLOCK_MS).toBeLessThanOrEqual(1.5 * BLOCK_MS);
  });
});
