import { duration, instant, later } from '@meridian/prelude';
import { createChain, createNode, type ChainBlock, type ChainEvent } from '@meridian/sandbox-chain';
import { PROTOCOLS, toBase58, type PublicKeyHash } from '@meridian/tezos';
import { publicKeyHashOf, verify, verifyAggregate } from '@meridian/tezos/crypto';
import { decode, encode, rawOperation, signedOperation } from '@meridian/tezos/forge';
import { describe, expect, test } from 'vitest';
import { checkJobs, newView, pathOf, stepView } from './index.ts';
import type { Findings, Job, Topic, Verifier, ViewEffect, ViewEvent } from './index.ts';

/* Votes are checked by somebody who takes his time: each test says when he answers, and what. */

const [protocol] = PROTOCOLS.filter(({ number }) => number === '025');
const START = instant(1_800_000_000_000);
const NOW = later(START, duration(10_000));
const VERIFIER = { verify, verifyAggregate } as unknown as Verifier;

const chain = createChain({
  ...{ seed: 7, protocol: protocol!, genesisTime: START, committeeSize: 64, blocksPerCycle: 64 },
  ...{ minimalBlockDelay: duration(1_000), delayIncrementPerRound: duration(1_000) },
  ...{ allBakersAttest: false, robots: { tz1: 3, tz2: 1, tz3: 1, tz4: 5 }, guests: [] },
  ...{ latency: { min: duration(5), max: duration(20) }, script: [] },
});
const events: ChainEvent[] = [];
while (chain.head().level < 5) events.push(...chain.advanceTo(chain.nextWake()));
const blocks = events.flatMap(event => (event.kind === 'validated' ? [event.block] : []));
const block = blocks.find(({ level }) => level === 3)!;
const rights = chain.rights(3);

type Content = { readonly kind: string; readonly slot: number; readonly level: number };
type Vote = { branch: string; signature: string; contents: readonly [Content] };
const votesOf = (kind: string): readonly Vote[] =>
  events
    .flatMap(event => (event.kind === 'operation' ? [event.operation.value] : []))
    .map(value => ({ ...value }) as unknown as Vote)
    .filter(({ contents: [vote] }) => vote.kind === kind && vote.level === 3);
const votes = votesOf('preattestation');
const slotOf = ({ contents: [{ slot }] }: Vote) => slot;
const seatOf = (vote: Vote) =>
  rights.seats.find(({ attestationSlot }) => attestationSlot === slotOf(vote))!;
const powerOf = (vote: Vote) => seatOf(vote).power;
const isTz4 = (vote: Vote) => seatOf(vote).consensusKey.startsWith('BLpk');
const heaviest = votes.toSorted((one, other) => powerOf(other) - powerOf(one));
const sumOf = (some: readonly Vote[]) => some.reduce((sum, vote) => sum + powerOf(vote), 0);
/** As many of the heaviest as make a prequorum. */
const enough = heaviest.slice(
  0,
  1 + heaviest.findIndex((_, at) => sumOf(heaviest.slice(0, at + 1)) >= rights.threshold),
);
/** A vote under the signature that this seat gave for its attestation. */
const forge = (vote: Vote): Vote => ({ ...vote, signature: attestations.get(slotOf(vote))! });
const attestations = new Map(
  votesOf('attestation').map(vote => [slotOf(vote), vote.signature] as const),
);

const asker = createNode(chain, { name: 'node', now: () => instant(0) });
function honest(topic: Topic): unknown {
  const [path = '', query = ''] = pathOf(topic).split('?');
  const reply = asker.handle({ method: 'GET', path, query: new URLSearchParams(query), body: '' });
  return 'stream' in reply || reply.status !== 200 ? undefined : JSON.parse(reply.body);
}

/** An operation after its branch, in hexadecimal. */
const dataOf = (vote: Vote) => decode(rawOperation, encode(signedOperation(protocol!), vote)).data;
const itemOf = ({ hash, header }: ChainBlock) => ({ hash, header, chain_id: chain.chainId });

/** A view that knows rights and keys; `check` answers to the batch that is under way. */
function viewOf(answer = honest) {
  let isSilent = false;
  let state = newView({ chainId: chain.chainId, keys: new Set<PublicKeyHash>(), quorum: 1 });
  const found: ViewEffect[] = [];
  const hear = (event: ViewEvent): void => {
    const [next, effects] = stepView(state, VERIFIER, event);
    state = next;
    for (const effect of effects) {
      found.push(effect);
      if (effect.kind !== 'read') continue;
      const value = isSilent ? undefined : answer(effect.topic);
      const { topic } = effect;
      if (value !== undefined) hear({ kind: 'answer', at: event.at, node: 'node1', topic, value });
    }
  };
  const of = <Kind extends ViewEffect['kind']>(kind: Kind) =>
    found.filter((each): each is Extract<ViewEffect, { kind: Kind }> => each.kind === kind);
  const bring = (node: string, items: readonly unknown[]): void =>
    hear({ kind: 'operations', at: NOW, node, items });
  const show = ({ item }: { readonly item: object }): void =>
    hear({ kind: 'block', at: NOW, node: 'node1', stream: 'heads', item });
  const check = (
    findings = (jobs: readonly Job[]): Findings => checkJobs(VERIFIER, jobs),
  ): void => {
    const { batch, jobs } = of('verify').at(-1)!;
    hear({ kind: 'verified', at: NOW, batch, findings: findings(jobs) });
  };
  const checkAll = (): void => {
    while (state.batch.votes.length > 0) check();
  };
  const faults = () => of('fault').map(({ node, code }) => `${node} ${code}`);
  hear({ kind: 'stream', at: NOW, node: 'node1', stream: 'heads', state: 'open' });
  const silence = (): void => void (isSilent = true);
  return { hear, of, bring, show, check, checkAll, faults, silence, state: () => state };
}

/** A view that has the block of these votes. */
function informed(answer = honest) {
  const view = viewOf(answer);
  view.show({ item: itemOf(block) });
  return view;
}

const signaturesOf = (jobs: readonly Job[]): string[] =>
  jobs.flatMap(({ claims }) => claims.map(({ signature }) => signature)).sort();
const asked = (view: ReturnType<typeof viewOf>) =>
  view.of('verify').map(({ jobs }) => signaturesOf(jobs));
const namesOf = (some: readonly Vote[]) => some.map(({ signature }) => signature).sort();

describe('what is checked', () => {
  test('are the heaviest votes, as many as a prequorum takes; it is told when they hold, and the rest is let go', () => {
    const view = informed();
    view.bring('node1', votes);
    expect(enough.length).toBeLessThan(votes.length);
    expect(sumOf(asked(view)[0]!.map(name => votes.find(vote => vote.signature === name)!))).toBe(
      sumOf(enough),
    );
    expect(view.of('prequorum')).toEqual([]);
    view.check();
    expect(view.of('prequorum').map(({ since }) => since)).toEqual([NOW]);
    expect(view.state().votes.size).toBe(0);
    view.bring('node2', votes);
    expect(view.of('verify')).toHaveLength(1);
    expect(view.state().votes.size).toBe(0);
  });

  test('of tz4 keys is one sum over the same bytes, and each other vote by itself', () => {
    const view = informed();
    view.bring('node1', votes);
    const { jobs } = view.of('verify')[0]!;
    const sums = jobs.filter(({ claims }) => claims.some(({ key }) => key.startsWith('BLpk')));
    expect(sums).toHaveLength(1);
    expect(sums[0]!.claims.length).toBeGreaterThan(1);
    expect(jobs.filter(job => job !== sums[0]).map(({ claims }) => claims.length)).toEqual(
      jobs.slice(1).map(() => 1),
    );
  });

  test('comes in batches, one at a time: what is brought meanwhile is in the next one, the heaviest first', () => {
    const view = informed();
    const [light] = votes.toSorted((one, other) => powerOf(one) - powerOf(other));
    view.bring('node1', [light]);
    for (const vote of votes.filter(each => each !== light)) view.bring('node1', [vote]);
    expect(asked(view)).toEqual([namesOf([light!])]);
    view.check();
    expect(asked(view)).toHaveLength(2);
    const power =
      powerOf(light!) + sumOf(votes.filter(each => asked(view)[1]!.includes(each.signature)));
    expect(power).toBeGreaterThanOrEqual(rights.threshold);
    view.check();
    expect(view.of('prequorum')).toHaveLength(1);
    expect(view.of('verify')).toHaveLength(2);
  });

  test('is nothing of a block that nobody has brought; its votes go on when it comes', () => {
    const view = viewOf();
    view.show({ item: itemOf(blocks.find(({ level }) => level === 2)!) });
    view.bring('node1', votes);
    expect(view.of('verify')).toEqual([]);
    // No answer comes that would have votes looked at again.
    view.silence();
    view.show({ item: itemOf(block) });
    view.checkAll();
    expect(view.of('prequorum')).toHaveLength(1);
  });

  test('is nothing of candidates that are made up, however many', () => {
    const view = informed();
    const [first] = votes as [Vote];
    const made = Array.from({ length: 500 }, (_, at) => ({
      ...first,
      contents: [{ ...first.contents[0], round: at + 1 }],
    }));
    const elsewhere = votes.map(vote => ({ ...vote, branch: block.header.predecessor }));
    view.bring('node5', [...made, ...elsewhere]);
    expect(view.of('verify')).toEqual([]);
    view.bring('node1', votes);
    view.checkAll();
    expect(view.of('prequorum')).toHaveLength(1);
    expect(view.faults()).toEqual([]);
  });
});

describe('a forged vote', () => {
  test('in a sum is found, charged to all who brought it, and neither counts nor hides the true one', () => {
    const view = informed();
    const target = enough.find(isTz4)!;
    const others = enough.filter(vote => vote !== target);
    view.bring('node5', [others[0], forge(target)]);
    view.bring('node5', [...others, forge(target)]);
    view.bring('node4', [forge(target)]);
    view.checkAll();
    expect(view.faults().sort()).toEqual(['node4 wrong_signature', 'node5 wrong_signature']);
    expect(view.of('prequorum')).toEqual([]);
    view.bring('node1', [target]);
    view.checkAll();
    expect(view.of('prequorum')).toHaveLength(1);
  });

  test('is refused again when it is brought again', () => {
    const view = informed();
    for (const node of ['node4', 'node5']) {
      view.bring(node, [forge(votes[0]!)]);
      view.checkAll();
    }
    expect(view.faults()).toEqual(['node4 wrong_signature', 'node5 wrong_signature']);
  });

  test.each([1, 2])('of every seat by %i nodes before the true ones stops nothing', liars => {
    const view = informed();
    const names = ['node5', 'node4'].slice(0, liars);
    for (const node of names) view.bring(node, votes.map(forge));
    view.checkAll();
    expect(view.of('prequorum')).toEqual([]);
    expect(new Set(view.faults())).toEqual(new Set(names.map(node => `${node} wrong_signature`)));
    for (const { slots } of view.state().tallies.values()) expect(slots.size).toBe(0);
    view.bring('node1', votes);
    view.checkAll();
    expect(view.of('prequorum')).toHaveLength(1);
  });

  test('waits behind the votes of nodes that brought none, however heavy its seat', () => {
    const view = informed();
    const [heavy, ...others] = heaviest as [Vote, ...Vote[]];
    view.bring('node5', [forge(others[0]!)]);
    view.bring('node5', [forge(heavy)]);
    view.bring('node1', others);
    view.check();
    expect(view.faults()).toEqual(['node5 wrong_signature']);
    expect(asked(view)[1]).not.toContain(forge(heavy).signature);
    view.check();
    expect(view.of('prequorum')).toHaveLength(1);
  });

  test('of a slot whose true vote waits too does not stand for its power', () => {
    const view = informed();
    const [light] = votes.toSorted((one, other) => powerOf(one) - powerOf(other));
    const others = votes.filter(vote => vote !== light);
    view.bring('node1', [light]);
    view.bring('node1', others);
    view.bring('node5', others.map(forge));
    view.check();
    const slots = new Set(
      [...others, ...others.map(forge)]
        .filter(({ signature }) => asked(view)[1]!.includes(signature))
        .map(slotOf),
    );
    const power = sumOf(others.filter(vote => slots.has(slotOf(vote))));
    expect(power + powerOf(light!)).toBeGreaterThanOrEqual(rights.threshold);
  });

  test('in bytes does not hide the true vote whose words it has', () => {
    const view = informed();
    view.bring(
      'node5',
      votes.map(vote => ({ ...vote, data: dataOf(forge(vote)) })),
    );
    view.bring('node1', votes);
    view.checkAll();
    expect(view.of('prequorum')).toHaveLength(1);
    expect(view.faults()).toEqual([]);
  });

  test('of a slot that nobody has is no vote', () => {
    const view = informed();
    const [first] = votes as [Vote];
    view.bring('node5', [{ ...first, contents: [{ ...first.contents[0], slot: 4_321 }] }]);
    expect(view.faults()).toEqual(['node5 no_right']);
    expect(view.state().votes.size).toBe(0);
  });
});

describe('an answer', () => {
  const allGood = (jobs: readonly Job[]): Findings =>
    jobs.map(({ claims }) => claims.map(() => true));

  test('to a batch that is not under way counts nothing, nor does one that came already', () => {
    const view = informed();
    const [first, second] = enough as [Vote, Vote];
    view.bring('node1', [first]);
    const { batch, jobs } = view.of('verify')[0]!;
    const findings = allGood(jobs);
    view.hear({ kind: 'verified', at: NOW, batch: batch + 1, findings });
    expect(view.state().tallies.size).toBe(0);
    view.check();
    view.bring('node1', [second]);
    view.hear({ kind: 'verified', at: NOW, batch, findings });
    const [tally] = view.state().tallies.values();
    expect(tally?.power).toBe(powerOf(first));
  });

  test('that lacks findings proves nothing', () => {
    const view = informed();
    view.bring('node1', enough);
    view.check(() => []);
    expect(view.of('prequorum')).toEqual([]);
  });

  test('about votes whose level is over counts nothing, and the next batch goes on', () => {
    const view = informed();
    view.bring('node1', enough);
    view.hear({ kind: 'tick', at: later(NOW, duration(60_000)) });
    view.check();
    expect(view.state().tallies.size).toBe(0);
    expect(view.of('prequorum')).toEqual([]);
    view.bring('node1', enough);
    view.check();
    expect(view.of('prequorum')).toHaveLength(1);
  });
});

describe('places of a node', () => {
  /** Votes for a round that nobody has seen. */
  const junk = (round: number, count: number) =>
    Array.from({ length: count }, (_, at) => ({
      ...votes[0],
      contents: [{ ...votes[0]!.contents[0], round }],
      signature: toBase58('sig', new Uint8Array(64).fill(at & 255).with(0, at >> 8)),
    }));

  test('are bounded for each round, and for all of them', () => {
    const view = informed();
    for (const [round, held] of [
      [7, 1_024],
      [8, 2_048],
      [9, 2_048],
    ] as const) {
      view.bring('node5', junk(round, 1_500));
      expect(view.state().votes.size).toBe(held);
    }
    view.bring('node1', votes);
    view.checkAll();
    expect(view.of('prequorum')).toHaveLength(1);
  });

  test('are free again when the chain has left the level', () => {
    const view = viewOf();
    view.show({ item: itemOf(blocks.find(({ level }) => level === 2)!) });
    view.bring('node1', votes);
    expect(view.state().votes.size).toBe(votes.length);
    view.show({ item: itemOf(blocks.find(({ level }) => level === 5)!) });
    view.hear({ kind: 'tick', at: later(NOW, duration(1)) });
    expect(view.state().votes.size).toBe(0);
  });
});

describe('rights', () => {
  type Row = { delegates: { consensus_key: string }[]; consensus_threshold: unknown };
  const changed = (change: (row: Row) => Partial<Row>) => (topic: Topic) => {
    const value = honest(topic);
    if (topic.kind !== 'rights' || topic.level !== block.level) return value;
    const [row] = value as [Row];
    return [{ ...row, ...change(row) }];
  };

  test.each([
    [0, 1],
    [1, 0],
  ])('that ask for %i more than there is make %i prequorums', (more, prequorums) => {
    const threshold = sumOf(enough) + more;
    const view = informed(changed(() => ({ consensus_threshold: threshold })));
    view.bring('node1', enough);
    view.checkAll();
    expect(view.of('prequorum')).toHaveLength(prequorums);
  });

  test('that are agreed on later have all votes of their level counted anew, also those under way', () => {
    const view = informed();
    const [first, second, ...others] = enough as [Vote, Vote, ...Vote[]];
    view.bring('node1', [first]);
    view.check();
    view.bring('node1', [second, ...others]);
    const { batch, jobs } = view.of('verify').at(-1)!;
    // The slot of the second vote now belongs to whoever had that of the first.
    const swapped = changed(({ delegates }) => ({
      delegates: delegates.map(row =>
        row.consensus_key === keyOf(second) ? { ...row, consensus_key: keyOf(first) } : row,
      ),
    }));
    const topic = { kind: 'rights', level: block.level } as const;
    view.hear({ kind: 'answer', at: NOW, node: 'node1', topic, value: swapped(topic) });
    const findings = jobs.map(({ claims }) => claims.map(() => true));
    view.hear({ kind: 'verified', at: NOW, batch, findings });
    expect(view.state().tallies.size).toBe(0);
    view.checkAll();
    const [tally] = view.state().tallies.values();
    expect(tally?.slots).toEqual(new Set(others.map(slotOf)));
    expect(view.faults()).toEqual(['node1 wrong_signature']);
  });

  const keyOf = (vote: Vote) => publicKeyHashOf(seatOf(vote).consensusKey);
});
