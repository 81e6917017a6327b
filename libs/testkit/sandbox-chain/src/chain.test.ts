import { duration, instant } from '@meridian/prelude';
import { PROTOCOLS } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed } from '@meridian/tezos/crypto';
import { expect, test } from 'vitest';
import { createChain } from './index.ts';
import { castVote } from './votes.ts';

const secret = secretKeyOfSeed('tz1', new Uint8Array(32).fill(42));
const guest = publicKeyOf(secret);

function chainOf(
  protocol: string,
  allBakersAttest = false,
  script: Parameters<typeof createChain>[0]['script'] = [],
) {
  const row = PROTOCOLS.find(({ number }) => number === protocol);
  if (!row) throw new Error('unknown');
  return createChain({
    seed: 7,
    protocol: row,
    genesisTime: instant(1_800_000_000_000),
    minimalBlockDelay: duration(1_000),
    delayIncrementPerRound: duration(1_000),
    committeeSize: 256,
    blocksPerCycle: 64,
    allBakersAttest,
    robots: { tz1: 2, tz2: 2, tz3: 2, tz4: 2 },
    guests: [{ delegate: publicKeyHashOf(guest), consensusKey: guest, stake: 40 }],
    latency: { min: duration(5), max: duration(60) },
    script,
  });
}

/** Runs a chain up to a level while the guest votes on every block as soon as it may. */
function run(chain: ReturnType<typeof chainOf>, levels: number) {
  const verdicts: ReturnType<typeof chain.takeVerdicts>[number][] = [];
  let at = chain.nextWake();
  while (chain.head().level < levels) {
    for (const event of chain.advanceTo(at)) {
      if (event.kind !== 'validated') continue;
      const { block } = event;
      const seat = chain
        .rights(block.level)
        .seats.find(({ consensusKey }) => consensusKey === guest);
      const branch = chain.block(block.header.predecessor)?.header.predecessor;
      if (!seat || !branch) continue;
      for (const kind of ['preattestation', 'attestation'] as const) {
        const vote = castVote(
          chain.chainId,
          chain.options.protocol,
          kind,
          block,
          branch,
          seat,
          secret,
        );
        expect(chain.inject(at, vote.bytes)).toMatchObject({ ok: true });
      }
    }
    verdicts.push(...chain.takeVerdicts());
    at = chain.nextWake();
  }
  return verdicts;
}

test.each([
  ['025', false],
  ['023', false],
  ['025', true],
] as const)(
  'a guest that votes on every block of %s is in every next block (all bakers attest: %s)',
  (protocol, aba) => {
    const chain = chainOf(protocol, aba);
    const verdicts = run(chain, 30);
    expect(verdicts.length).toBeGreaterThan(20);
    expect(verdicts.filter(({ attested }) => !attested)).toEqual([]);
    expect(chain.doubleSignings()).toEqual([]);
  },
);

test('trouble is survived: missed rounds, a lost quorum, a double block', () => {
  const chain = chainOf('025', false, [
    { level: 3, kind: 'missed_rounds', rounds: 2 },
    { level: 5, kind: 'no_quorum' },
    { level: 7, kind: 'double_block' },
  ]);
  run(chain, 12);
  expect(chain.atLevel(3)?.round).toBeGreaterThanOrEqual(2);
  const again = chain.atLevel(5);
  expect(again?.round).toBeGreaterThan(0);
  expect(again?.header.fitness[2]).toBe('00000000');
  expect(chain.doubleSignings()).toMatchObject([{ kind: 'block', level: 7, round: 0 }]);
});
