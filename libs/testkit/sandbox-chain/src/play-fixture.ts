import { assert, duration, instant, type Result } from '@meridian/prelude';
import { PROTOCOLS, type OperationHash, type Protocol } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed } from '@meridian/tezos/crypto';
import { createChain, createNode } from './index.ts';
import type { ChainBlock, ChainEvent, ChainOptions, Rejection } from './index.ts';
import type { SandboxChain, SandboxNode, Verdict } from './index.ts';
import { castVote } from './votes.ts';

const secret = secretKeyOfSeed('tz1', new Uint8Array(32).fill(42));
const guestKey = publicKeyOf(secret);

/** The only guest. */
export const GUEST = publicKeyHashOf(guestKey);

/** A protocol by its number. */
export function protocolOf(wanted: string): Protocol {
  const row = PROTOCOLS.find(({ number }) => number === wanted);
  assert(row !== undefined, 'a test names a protocol');
  return row;
}

/** A chain of robots of every curve, and a guest with less than a tenth of the stake. */
export function chainWithGuest(options: Partial<ChainOptions> = {}): SandboxChain {
  return createChain({
    ...{ seed: 7, protocol: protocolOf('025'), genesisTime: instant(1_800_000_000_000) },
    minimalBlockDelay: duration(2_000),
    delayIncrementPerRound: duration(1_000),
    ...{ committeeSize: 64, blocksPerCycle: 8, allBakersAttest: false },
    robots: { tz1: 1, tz2: 1, tz3: 1, tz4: 2 },
    guests: [{ delegate: GUEST, consensusKey: guestKey, stake: 40 }],
    latency: { min: duration(5), max: duration(60) },
    script: [],
    ...options,
  });
}

/** What happened on a chain, and a node that heard of it. */
export type Play = {
  readonly chain: SandboxChain;
  readonly node: SandboxNode;
  readonly events: readonly ChainEvent[];
  readonly verdicts: readonly Verdict[];
  /** What the guest's votes were answered with. */
  readonly answers: readonly { readonly level: number; readonly answer: Answer }[];
};

type Answer = Result<OperationHash, Rejection>;

/** Plays a chain up to a level while the guest votes on each block that it wants to vote on, once it is validated. */
export function play(
  chain: SandboxChain,
  levels: number,
  wants: (block: ChainBlock) => boolean = () => true,
): Play {
  const node = createNode(chain, { name: 'node1', now: () => chain.nextWake() });
  const events: ChainEvent[] = [];
  const verdicts: Verdict[] = [];
  const answers: { readonly level: number; readonly answer: Answer }[] = [];
  while (chain.head().level < levels) {
    const at = chain.nextWake();
    const happened = chain.advanceTo(at);
    node.deliver(happened);
    events.push(...happened);
    for (const event of happened) {
      if (event.kind !== 'validated' || !wants(event.block)) continue;
      const { level } = event.block;
      for (const bytes of votesOn(chain, event.block)) {
        answers.push({ level, answer: chain.inject(at, bytes) });
      }
    }
    verdicts.push(...chain.takeVerdicts());
  }
  return { chain, node, events, verdicts, answers };
}

/** The bytes of the guest's votes on a block; none where it has no right. */
export function votesOn(chain: SandboxChain, block: ChainBlock): readonly Uint8Array[] {
  const seat = chain.rights(block.level).seats.find(({ delegate }) => delegate === GUEST);
  const branch = chain.block(block.header.predecessor)?.header.predecessor;
  if (seat === undefined || branch === undefined) return [];
  const { protocol } = chain.options;
  return (['preattestation', 'attestation'] as const).map(
    kind => castVote(chain.chainId, protocol, kind, block, branch, seat, secret).bytes,
  );
}
