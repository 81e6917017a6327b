import { describe, expect, test } from 'vitest';
import { assert, duration, instant } from '@meridian/prelude';
import { PROTOCOLS } from '@meridian/tezos';
import { createChain } from '../chain.ts';
import type { SandboxChain } from '../contract.ts';
import type { Trouble } from '../troubles.ts';
import { BLOCK_ROUTES } from './block-routes.ts';
import { listen, nodeOn, said } from './fixtures.ts';
import type { SandboxNode } from './node.ts';

const HEAD = '/chains/main/blocks/head';

type Setup = { readonly chain: SandboxChain; readonly node: SandboxNode };

/** A node that followed a chain of robots of every curve up to a level. */
function follow(protocolNumber: string, levels: number, script: readonly Trouble[] = []): Setup {
  const protocol = PROTOCOLS.find(({ number }) => number === protocolNumber);
  assert(protocol !== undefined, 'a test names a protocol');
  const chain = createChain({
    ...{ seed: 2, protocol, genesisTime: instant(1_800_000_000_000), committeeSize: 64, script },
    ...{ blocksPerCycle: 8, allBakersAttest: false, guests: [] },
    ...{ minimalBlockDelay: duration(1_000), delayIncrementPerRound: duration(1_000) },
    robots: { tz1: 1, tz2: 1, tz3: 1, tz4: 2 },
    latency: { min: duration(5), max: duration(20) },
  });
  const node = nodeOn(chain);
  while (!said(node, `${HEAD}/helpers/current_level`).body.includes(`"level":${levels},`)) {
    node.deliver(chain.advanceTo(chain.nextWake()));
  }
  return { chain, node };
}

describe.each(['023', '024', '025', 'alpha'])('a node on a chain of %s', number => {
  test('answers every RPC of a block', () => {
    const { chain, node } = follow(number, 4);
    const delegate = chain.rights(4).seats[0]?.delegate ?? '';
    for (const { path } of BLOCK_ROUTES) {
      const filled = path.replace(':pkh', delegate).replace(':pass', '0');
      const { status, json } = said(node, `${HEAD}${filled}`);
      expect({ path, status }).toEqual({ path, status: 200 });
      expect(JSON.stringify(json)).not.toBe('{}');
    }
  });

  test('names everybody whose vote a block has', () => {
    const { chain, node } = follow(number, 4);
    const votes = said(node, `${HEAD}/operations/0`).json as readonly {
      readonly contents: readonly {
        readonly metadata: {
          readonly delegate?: string;
          readonly committee?: readonly { readonly delegate: string }[];
        };
      }[];
    }[];
    const named = votes.flatMap(({ contents }) =>
      contents.flatMap(({ metadata: { delegate, committee } }) =>
        committee ? committee.map(member => member.delegate) : [delegate],
      ),
    );
    const seats = chain.rights(3).seats.map(({ delegate }) => delegate);
    expect(named.toSorted()).toEqual(seats.toSorted());
  });
});

test('a payload that is proposed again has the votes of both levels in its metadata', () => {
  const { node } = follow('025', 5, [{ level: 4, kind: 'no_quorum' }]);
  const { attestations, preattestations } = said(node, '/chains/main/blocks/4/metadata').json as {
    readonly attestations: { readonly recorded_power: string };
    readonly preattestations: { readonly recorded_power: string; readonly threshold: string };
  };
  expect(attestations.recorded_power).toBe('64');
  expect(Number(preattestations.recorded_power)).toBeGreaterThanOrEqual(43);
  expect(preattestations.threshold).toBe('43');
});

test('a stream of operations holds what the chain holds when it is opened', () => {
  const { chain, node } = follow('025', 3);
  const events = chain.advanceTo(chain.nextWake());
  node.deliver(events);
  const [first] = listen(node, '/chains/main/mempool/monitor_operations').items;
  const hashes = (first as readonly { readonly hash: string }[]).map(({ hash }) => hash);
  expect(hashes.toSorted()).toEqual(
    chain
      .mempool()
      .map(({ hash }) => hash)
      .toSorted(),
  );
});
