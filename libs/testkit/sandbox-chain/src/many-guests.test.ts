import { duration, instant, type Instant } from '@meridian/prelude';
import { PROTOCOLS } from '@meridian/tezos';
import type { PublicKey, SecretKey } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed } from '@meridian/tezos/crypto';
import { expect, test } from 'vitest';
import { createChain, createNode } from './index.ts';
import type { ChainBlock, SandboxChain } from './index.ts';
import { castVote } from './votes.ts';

const GUESTS = 500;
const LEVELS = 4;
const NODES = 5;
const CURVES = ['tz1', 'tz2', 'tz3', 'tz4'] as const;
const TIMEOUT_MS = 60_000;

const secrets = new Map<PublicKey, SecretKey>(
  Array.from({ length: GUESTS }, (_, at) => {
    const seed = new Uint8Array(32).fill(1);
    new DataView(seed.buffer).setUint32(4, at + 1);
    const secret = secretKeyOfSeed(CURVES[at % CURVES.length] ?? 'tz1', seed);
    return [publicKeyOf(secret), secret] as const;
  }),
);

function crowdedChain(): SandboxChain {
  const protocol = PROTOCOLS.find(({ number }) => number === '025')!;
  return createChain({
    ...{ seed: 3, protocol, genesisTime: instant(1_800_000_000_000), script: [] },
    minimalBlockDelay: duration(1_000),
    delayIncrementPerRound: duration(1_000),
    ...{ committeeSize: 256, blocksPerCycle: 64, allBakersAttest: true },
    robots: { tz1: 2, tz2: 0, tz3: 0, tz4: 2 },
    robotStake: 1_000,
    guests: [...secrets.keys()].map(consensusKey => ({
      ...{ delegate: publicKeyHashOf(consensusKey), consensusKey, stake: 2 },
    })),
    latency: { min: duration(5), max: duration(60) },
  });
}

/** Everybody votes for a block as soon as it is there, through every node. */
function voteFor(chain: SandboxChain, at: Instant, block: ChainBlock): void {
  const branch = chain.block(block.header.predecessor)?.header.predecessor;
  if (branch === undefined) return;
  for (const kind of ['preattestation', 'attestation'] as const) {
    for (const seat of chain.rights(block.level).seats) {
      const secret = secrets.get(seat.consensusKey);
      if (secret === undefined) continue;
      const { protocol } = chain.options;
      const { bytes } = castVote(chain.chainId, protocol, kind, block, branch, seat, secret);
      for (let node = 0; node < NODES; node += 1) {
        expect(chain.inject(at, bytes)).toMatchObject({ ok: true });
      }
    }
  }
}

test(
  'five hundred guests of all curves attest every block, and every block holds them',
  () => {
    const chain = crowdedChain();
    const nodes = Array.from({ length: NODES }, (_, at) =>
      createNode(chain, { name: `node${at + 1}`, now: () => chain.nextWake() }),
    );
    let heard = 0;
    while (chain.head().level < LEVELS + 2) {
      const at = chain.nextWake();
      const events = chain.advanceTo(at);
      heard += events.filter(({ kind }) => kind === 'operation').length;
      for (const node of nodes) node.deliver(events);
      for (const event of events) if (event.kind === 'validated') voteFor(chain, at, event.block);
    }
    const verdicts = chain.takeVerdicts();
    expect(verdicts.length).toBeGreaterThanOrEqual(LEVELS * GUESTS);
    expect(verdicts.filter(({ attested }) => !attested)).toEqual([]);
    expect(chain.doubleSignings()).toEqual([]);
    // Heard once, though five nodes were given each: two votes of everybody for each block.
    const everybody = 2 * (GUESTS + 4);
    expect(heard / everybody).toBeGreaterThan(LEVELS);
    expect(heard / everybody).toBeLessThan(LEVELS + 2);
    for (let level = 2; level <= LEVELS; level += 1) {
      const [consensus = []] = chain.atLevel(level)?.operations ?? [];
      const aggregates = consensus.filter(({ value }) => 'committee' in value.contents[0]);
      expect(aggregates).toHaveLength(1);
      // A quarter of the guests, and robots whose votes came in time.
      const [content] = aggregates[0]?.value.contents ?? [];
      const committee = content !== undefined && 'committee' in content ? content.committee : [];
      expect(committee.length).toBeGreaterThanOrEqual(GUESTS / 4);
      expect(consensus.length - 1).toBeGreaterThanOrEqual((GUESTS * 3) / 4);
    }
  },
  TIMEOUT_MS,
);
