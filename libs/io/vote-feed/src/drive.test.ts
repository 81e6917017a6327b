import { checkJobs, pathOf, type Findings, type Job, type Topic } from '@meridian/chain-view';
import { duration, instant, later } from '@meridian/prelude';
import { createChain, createNode, type ChainEvent } from '@meridian/sandbox-chain';
import type { Ballot } from '@meridian/tenderbake';
import { PROTOCOLS } from '@meridian/tezos';
import { publicKeyHashOf } from '@meridian/tezos/crypto';
import type { LineEvent } from '@meridian/vote-line';
import { expect, test } from 'vitest';
import { driveLine, nativeVerifier } from './index.ts';

/* A whole line whose checks are answered when a test says so. */

const [protocol] = PROTOCOLS.filter(({ number }) => number === '025');
const START = instant(1_800_000_000_000);
const chain = createChain({
  ...{ seed: 3, protocol: protocol!, genesisTime: START, committeeSize: 64, blocksPerCycle: 64 },
  ...{ minimalBlockDelay: duration(1_000), delayIncrementPerRound: duration(1_000) },
  ...{ allBakersAttest: false, robots: { tz1: 3, tz2: 1, tz3: 1, tz4: 5 }, guests: [] },
  ...{ latency: { min: duration(5), max: duration(20) }, script: [] },
});
const events: ChainEvent[] = [];
while (chain.head().level < 4) events.push(...chain.advanceTo(chain.nextWake()));
const block = events
  .flatMap(event => (event.kind === 'validated' ? [event.block] : []))
  .find(({ level }) => level === 3)!;
const votes = events
  .flatMap(event => (event.kind === 'operation' ? [event.operation.value] : []))
  .filter(({ contents: [vote] }) => vote.kind === 'preattestation' && vote.level === 3);
const own = publicKeyHashOf(chain.rights(3).seats[0]!.consensusKey);
const at = later(START, duration(3_100));

type Asked = { readonly jobs: readonly Job[]; readonly answer: () => Promise<void> };

/** A line that has seen the block; what it asks, casts and says of nodes is gathered. */
function drivenLine() {
  const asker = createNode(chain, { name: 'node', now: () => instant(0) });
  const asked: Asked[] = [];
  const cast: Ballot['kind'][] = [];
  const blamed: string[] = [];
  const read = (topic: Topic): void => {
    const [path = '', query = ''] = pathOf(topic).split('?');
    const params = new URLSearchParams(query);
    const reply = asker.handle({ method: 'GET', path, query: params, body: '' });
    if ('stream' in reply || reply.status !== 200) return;
    hear({ kind: 'answer', at, node: 'node1', topic, value: JSON.parse(reply.body) as unknown });
  };
  const check = (jobs: readonly Job[]): Promise<Findings> =>
    new Promise(resolve => {
      const answer = (): Promise<void> => {
        resolve(checkJobs(nativeVerifier(), jobs));
        return new Promise(setImmediate);
      };
      asked.push({ jobs, answer });
    });
  const line = driveLine(
    { chainId: chain.chainId, keys: new Set([own]), quorum: 1 },
    { sign: 'at_prequorum' },
    {
      ...{ clock: () => at, verifier: nativeVerifier(), check, read },
      sign: () => Promise.resolve('ab'),
      mark: () => Promise.resolve(null),
      inject: (_operation, { kind }) => cast.push(kind),
      restart: () => undefined,
      wakeAt: () => undefined,
      observe: (_event, effects) => {
        for (const effect of effects) if (effect.kind === 'fault') blamed.push(effect.node);
      },
    },
  );
  const hear = (event: LineEvent): void => line.hear(event);
  const bring = (items: readonly unknown[], node = 'node1'): void =>
    hear({ kind: 'operations', at, node, items });
  hear({ kind: 'stream', at, node: 'node1', stream: 'heads', state: 'open' });
  const { hash, header } = block;
  hear({ kind: 'block', at, node: 'node1', stream: 'heads', item: { ...header, hash } });
  return { bring, asked, cast, blamed };
}

test('an attestation goes out once a prequorum is checked, whatever else has come, and not before', async () => {
  const { bring, asked, cast } = drivenLine();
  const [first, ...others] = votes;
  bring([first]);
  bring(others);
  expect(asked).toHaveLength(1);
  await asked[0]!.answer();
  expect(cast).toEqual(['preattestation']);
  expect(asked).toHaveLength(2);
  await asked[1]!.answer();
  expect(cast).toEqual(['preattestation', 'attestation']);
  const checked = asked.flatMap(({ jobs }) => jobs.flatMap(({ claims }) => claims));
  expect(checked.length).toBeLessThan(votes.length);
  expect(asked).toHaveLength(2);
});

test('no number of forged votes makes a prequorum, and true ones that come later do', async () => {
  const { bring, asked, cast, blamed } = drivenLine();
  const { signature } = votes[0]!;
  bring(
    votes.slice(1).map(vote => ({ ...vote, signature })),
    'node5',
  );
  // More is asked meanwhile.
  for (const { answer } of asked) await answer();
  expect(cast).toEqual(['preattestation']);
  expect(new Set(blamed)).toEqual(new Set(['node5']));
  bring(votes);
  for (const { answer } of asked) await answer();
  expect(cast).toEqual(['preattestation', 'attestation']);
});
