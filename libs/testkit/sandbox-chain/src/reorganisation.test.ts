import { duration, instant } from '@meridian/prelude';
import { compareFitness, PROTOCOLS } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed } from '@meridian/tezos/crypto';
import { expect, test } from 'vitest';
import { createChain, createNode, type ChainBlock, type SandboxChain } from './index.ts';
import { castVote } from './votes.ts';

const secret = secretKeyOfSeed('tz1', new Uint8Array(32).fill(42));
const key = publicKeyOf(secret);
const TURNED = 6;

function turningChain(seed: number): SandboxChain {
  const protocol = PROTOCOLS.find(({ number }) => number === '025')!;
  return createChain({
    ...{ seed, protocol, genesisTime: instant(1_800_000_000_000), blocksPerCycle: 64 },
    minimalBlockDelay: duration(1_000),
    delayIncrementPerRound: duration(1_000),
    ...{ committeeSize: 256, allBakersAttest: false },
    robots: { tz1: 3, tz2: 0, tz3: 0, tz4: 3 },
    guests: [{ delegate: publicKeyHashOf(key), consensusKey: key, stake: 40 }],
    latency: { min: duration(5), max: duration(60) },
    script: [{ level: TURNED, kind: 'reorganisation' }],
  });
}

/** All that was validated, while the guest votes on everything. */
function run(chain: SandboxChain): readonly ChainBlock[] {
  const seen: ChainBlock[] = [];
  const node = createNode(chain, { name: 'node1', now: () => chain.nextWake() });
  while (chain.head().level < TURNED + 3) {
    const at = chain.nextWake();
    const events = chain.advanceTo(at);
    node.deliver(events);
    for (const event of events) {
      if (event.kind === 'head') expect(headOf(node)).toBe(event.block.hash);
      if (event.kind !== 'validated') continue;
      const { block } = event;
      seen.push(block);
      const seat = chain.rights(block.level).seats.find(each => each.consensusKey === key);
      const branch = chain.block(block.header.predecessor)?.header.predecessor;
      if (!seat || !branch) continue;
      for (const kind of ['preattestation', 'attestation'] as const) {
        const { protocol } = chain.options;
        const vote = castVote(chain.chainId, protocol, kind, block, branch, seat, secret);
        expect(chain.inject(at, vote.bytes)).toMatchObject({ ok: true });
      }
    }
  }
  return seen;
}

function headOf(node: ReturnType<typeof createNode>): string {
  const request = { method: 'GET', query: new URLSearchParams(), body: '' };
  const reply = node.handle({ ...request, path: '/chains/main/blocks/head/header' });
  if ('stream' in reply) throw new Error('a header is no stream');
  return (JSON.parse(reply.body) as { readonly hash: string }).hash;
}

test.each([1, 2, 3, 4])(
  'the predecessor of a block that was seen is replaced by a fitter one: seed %i',
  seed => {
    const chain = turningChain(seed);
    const seen = run(chain);
    const blocks = seen.filter(({ level }) => level === TURNED);
    const [first, ...others] = blocks;
    const last = others.at(-1);
    expect(last?.header.predecessor).not.toBe(first?.header.predecessor);
    expect(compareFitness(last!.header.fitness, first!.header.fitness)).toBeGreaterThan(0);
    expect(last?.round).toBeGreaterThan(first!.round);

    const before = chain.atLevel(TURNED - 1);
    const left = chain.block(first!.header.predecessor);
    expect(chain.atLevel(TURNED)?.header.predecessor).toBe(before?.hash);
    expect(left?.round).toBeGreaterThan(before!.round);
    expect(left?.payloadHash).toBe(before?.payloadHash);
    expect(left?.header.predecessor).toBe(before?.header.predecessor);
  },
);

test('verdicts are on the chain that stays, one a level, and nobody signed twice', () => {
  const chain = turningChain(1);
  run(chain);
  const verdicts = chain.takeVerdicts();
  expect(verdicts.map(({ level }) => level)).toEqual(
    Array.from({ length: TURNED + 1 }, (_, at) => at + 1),
  );
  for (const { level, round, attested } of verdicts) {
    expect([level, round, attested]).toEqual([level, chain.atLevel(level)?.round, true]);
  }
  expect(chain.doubleSignings()).toEqual([]);
});
