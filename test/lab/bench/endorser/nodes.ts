import { startEdgeNode } from '@meridian/sandbox/edge-node';
import { duration, instant, type Instant } from '@meridian/prelude';
import { createChain, type ChainOptions } from '@meridian/sandbox-chain';
import { PROTOCOLS, type PublicKey } from '@meridian/tezos';
import { publicKeyHashOf } from '@meridian/tezos/crypto';

/*
 * Five edge nodes in a process of their own, in front of a chain in virtual time: what happens on it is computed
 * before it is told, so that what is measured does not share the processor with a chain at work.
 */

/** What the parent is told: where the nodes are, then the time of each step before anything of it is delivered. */
export type FromNodes =
  | {
      readonly kind: 'ready';
      readonly chainId: string;
      readonly nodes: readonly { readonly name: string; readonly url: string }[];
    }
  | { readonly kind: 'step'; readonly at: number; readonly level: number }
  | { readonly kind: 'done'; readonly attested: number; readonly rights: number };

/** What the parent says: who votes and for how many levels, then its own time, which is never behind that of a step. */
export type ToNodes =
  | { readonly kind: 'begin'; readonly keys: readonly PublicKey[]; readonly levels: number }
  | { readonly kind: 'at'; readonly at: number };

const NODES = 5;
/** What a step sets off is done by then, or goes on during the next one. */
const QUIET_MS = 12;
const GENESIS = instant(1_800_000_000_000);

const inbox: ((message: ToNodes) => void)[] = [];
process.on('message', (message: ToNodes) => inbox.shift()?.(message));
process.on('disconnect', () => process.exit(0));
const say = (message: FromNodes): void => void process.send?.(message);
const hear = (): Promise<ToNodes> => new Promise(resolve => inbox.push(resolve));
const quiet = (): Promise<void> => new Promise(resolve => setTimeout(resolve, QUIET_MS));

const begin = await hear();
if (begin.kind === 'begin') await run(begin.keys, begin.levels);

async function run(keys: readonly PublicKey[], levels: number): Promise<void> {
  let now: Instant = GENESIS;
  const chain = createChain(optionsFor(keys));
  const nodes = await Promise.all(
    Array.from({ length: NODES }, (_, at) =>
      startEdgeNode(chain, {
        ...{ name: `node${(at + 1).toString()}`, port: 0, now: () => now },
        injected: () => undefined,
      }),
    ),
  );
  const addresses = nodes.map(({ name, url }) => ({ name, url }));
  say({ kind: 'ready', chainId: chain.chainId, nodes: addresses });
  let [attested, rights] = [0, 0];
  while (chain.head().level < levels + 2) {
    say({ kind: 'step', at: Math.max(now, chain.nextWake()), level: chain.head().level });
    const answer = await hear();
    if (answer.kind === 'at') now = instant(answer.at);
    const events = chain.advanceTo(now);
    for (const node of nodes) node.deliver(events);
    for (const verdict of chain.takeVerdicts()) {
      rights += 1;
      if (verdict.attested) attested += 1;
    }
    await quiet();
  }
  say({ kind: 'done', attested, rights });
}

/** Robots have 800, and a prequorum takes some of ours where there are hundreds, who have 1000. */
function optionsFor(keys: readonly PublicKey[]): ChainOptions {
  const protocol = PROTOCOLS.find(({ number }) => number === '025');
  if (protocol === undefined) throw new Error('protocol 025 is known');
  return {
    ...{ seed: 5, protocol, genesisTime: GENESIS },
    minimalBlockDelay: duration(1_000),
    delayIncrementPerRound: duration(1_000),
    committeeSize: 256,
    blocksPerCycle: 64,
    // Each of hundreds has a vote on every block.
    allBakersAttest: keys.length > 1,
    robots: { tz1: 3, tz2: 1, tz3: 1, tz4: 3 },
    guests: keys.map(consensusKey => {
      const stake = keys.length > 1 ? 2 : 10;
      return { delegate: publicKeyHashOf(consensusKey), consensusKey, stake };
    }),
    latency: { min: duration(5), max: duration(60) },
    script: [],
  };
}
