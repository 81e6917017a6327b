import { assert, duration } from '@meridian/prelude';
import { describe, expect, test } from 'vitest';
import { createChain, createNode, type Activation, type SandboxChain } from './index.ts';
import { listen, said } from './node/fixtures.ts';
import { chainWithGuest, GUEST, play, protocolOf, type Play } from './play-fixture.ts';

const MIGRATION = 6;

function chainOf(from: string, to: string, also: Partial<Activation> = {}): SandboxChain {
  const activations = [{ level: MIGRATION, protocol: protocolOf(to), ...also }];
  return chainWithGuest({ protocol: protocolOf(from), activations });
}

/** The guest votes on everything but the migration block. */
function run(chain: SandboxChain, levels: number): Play {
  return play(chain, levels, ({ level }) => level !== MIGRATION);
}

describe.each([
  ['024', '025'],
  ['023', '024'],
])('a chain that goes from %s to %s', (from, to) => {
  const { chain, node, events, verdicts, answers } = run(chainOf(from, to), MIGRATION + 4);
  const blockAt = (at: number, what: string): string => `/chains/main/blocks/${at}${what}`;

  test('has a migration block that names the next protocol, and counts it in its header', () => {
    const hashOf = (name: string): string => protocolOf(name).hash;
    for (const [at, protocol, next_protocol, proto] of [
      [MIGRATION - 1, from, from, 1],
      [MIGRATION, from, to, 2],
      [MIGRATION + 1, to, to, 2],
    ] as const) {
      const names = { protocol: hashOf(protocol), next_protocol: hashOf(next_protocol) };
      expect(said(node, blockAt(at, '/protocols')).json).toEqual(names);
      expect(said(node, blockAt(at, '/metadata')).json).toMatchObject(names);
      const header = { protocol: hashOf(protocol), proto };
      expect(said(node, blockAt(at, '/header')).json).toMatchObject(header);
    }
  });

  test('has no votes for the migration block, and judges nobody for it', () => {
    const voted = events.flatMap(event => {
      const [content] = event.kind === 'operation' ? event.operation.value.contents : [];
      return content !== undefined && 'level' in content ? [content.level] : [];
    });
    expect(voted).toContain(MIGRATION + 1);
    expect(voted).not.toContain(MIGRATION);
    const passOf = (at: number): number => chain.atLevel(at)?.operations[0]?.length ?? 0;
    expect(passOf(MIGRATION)).toBeGreaterThan(0);
    expect(passOf(MIGRATION + 1)).toBe(0);
    expect(passOf(MIGRATION + 2)).toBeGreaterThan(0);
    expect(said(node, blockAt(MIGRATION + 1, '/operations/0')).json).toEqual([]);
    expect(verdicts.map(({ level, attested }) => [level, attested])).toEqual(
      [1, 2, 3, 4, 5, 7, 8].map(at => [at, true]),
    );
    expect(answers.filter(({ answer }) => !answer.ok)).toEqual([]);
    expect(chain.participation(GUEST).missedLevels).toBe(0);
  });

  test('is asked for blocks by protocols as a node is, which knows not what a migration block brings', () => {
    const levelsOf = (target: string, kind: 'head' | 'validated'): readonly number[] => {
      const again = createNode(chain, { name: 'node2', now: () => chain.nextWake() });
      const stream = listen(again, target);
      again.deliver(events.filter(event => event.kind === kind));
      const items = stream.items.slice(kind === 'head' ? 1 : 0) as readonly {
        readonly level?: number;
        readonly header?: { readonly level: number };
      }[];
      return items.map(({ level, header }) => level ?? header?.level ?? 0).filter(at => at < 9);
    };
    const next = `next_protocol=${protocolOf(to).hash}`;
    const old = `protocol=${protocolOf(from).hash}`;
    const whole = [1, 2, 3, 4, 5, 6, 7, 8];
    expect(levelsOf('/monitor/heads/main', 'head')).toEqual(whole);
    expect(levelsOf(`/monitor/heads/main?${next}`, 'head')).toEqual([6, 7, 8]);
    expect(levelsOf('/monitor/validated_blocks', 'validated')).toEqual(whole);
    expect(levelsOf(`/monitor/validated_blocks?${next}`, 'validated')).toEqual([7, 8]);
    expect(levelsOf(`/monitor/validated_blocks?${old}`, 'validated')).toEqual(whole);
  });
});

test('what is asked of the context of the migration block is answered in the words of the new protocol', () => {
  const { node } = run(chainOf('023', '024'), MIGRATION + 2);
  const at = (level: number, what: string): unknown =>
    said(node, `/chains/main/blocks/${level}${what}`).json;
  const rights = `/helpers/validators?level=${MIGRATION + 1}`;
  expect((at(MIGRATION - 1, rights) as readonly object[])[0]).toHaveProperty('slots');
  expect(at(MIGRATION, rights)).toMatchObject([{ consensus_threshold: '43' }]);
  const late = at(MIGRATION, '/helpers/validators?level=99');
  expect(late).toMatchObject([{ id: 'proto.024-PtTALLiN.context.storage_error' }]);
  const flag = 'all_bakers_attest_activation_threshold';
  expect(at(MIGRATION - 1, '/context/constants')).not.toHaveProperty(flag);
  expect(at(MIGRATION, '/context/constants')).toHaveProperty(flag);
  // The block itself is the old protocol's.
  expect(at(MIGRATION, '/header')).toHaveProperty('adaptive_issuance_vote');
  expect(at(MIGRATION + 1, '/header')).not.toHaveProperty('adaptive_issuance_vote');
  expect(at(MIGRATION, '/metadata')).not.toHaveProperty('attestations');
  expect(at(MIGRATION + 1, '/metadata')).toMatchObject({ attestations: null });
});

test('a mempool speaks the protocol of the block that comes next', () => {
  const { chain, node } = run(chainOf('024', '025'), MIGRATION - 1);
  const protocols = (): readonly string[] => {
    const { items, stop } = listen(node, '/chains/main/mempool/monitor_operations');
    stop();
    return (items[0] as readonly { readonly protocol: string }[]).map(({ protocol }) => protocol);
  };
  while (protocols().length === 0) node.deliver(chain.advanceTo(chain.nextWake()));
  expect(new Set(protocols())).toEqual(new Set([protocolOf('024').hash]));
  while (chain.head().level < MIGRATION) node.deliver(chain.advanceTo(chain.nextWake()));
  node.deliver(chain.advanceTo(chain.nextWake()));
  expect(new Set(protocols())).toEqual(new Set([protocolOf('025').hash]));
});

test('durations of the new protocol hold from the block after the migration block on', () => {
  const shorter = {
    minimalBlockDelay: duration(1_000),
    delayIncrementPerRound: duration(500),
  };
  const { chain, node } = run(chainOf('023', '024', shorter), MIGRATION + 2);
  const timeOf = (at: number): number => Date.parse(chain.atLevel(at)?.header.timestamp ?? '');
  expect(timeOf(MIGRATION) - timeOf(MIGRATION - 1)).toBe(2_000);
  expect(timeOf(MIGRATION + 1) - timeOf(MIGRATION)).toBe(1_000);
  const constants = (at: number): unknown =>
    said(node, `/chains/main/blocks/${at}/context/constants`).json;
  expect(constants(MIGRATION - 1)).toMatchObject({ minimal_block_delay: '2' });
  expect(constants(MIGRATION)).toMatchObject({ minimal_block_delay: '1' });
});

test('activations that are out of order are refused by their place', () => {
  const [first] = chainOf('023', '024').options.activations ?? [];
  assert(first !== undefined, 'there is one');
  const { options } = chainOf('023', '024');
  expect(() => createChain({ ...options, activations: [first, first] })).toThrow(
    'activations[1].level comes after 6',
  );
});
