import { duration, instant } from '@meridian/prelude';
import { createChain, createNode, type ChainBlock, type Seat } from '@meridian/sandbox-chain';
import type { Seat as OwnSeat } from '@meridian/tenderbake';
import { level, PROTOCOLS, slot, toBase58, type BlockHash } from '@meridian/tezos';
import { publicKeyHashOf } from '@meridian/tezos/crypto';
import { encode, signedOperation } from '@meridian/tezos/forge';
import { hashOperation, hashOperationListList } from '@meridian/tezos/hash';
import { describe, expect, test } from 'vitest';
import { newInclusion, readAttestations, stepInclusion } from './index.ts';
import type { InclusionEvent, Verdict } from './index.ts';

/** The level whose block loses its first quorum, and the one whose predecessor is replaced. */
const LOCKED_LEVEL = 4;
const REORGANISED_LEVEL = 8;

/** A chain of robots with all kinds of keys, and every block that its nodes saw, in that order. */
function playedChain(levels: number) {
  const [protocol] = PROTOCOLS.filter(({ number }) => number === '025');
  const chain = createChain({
    seed: 3,
    protocol: protocol!,
    genesisTime: instant(1_800_000_000_000),
    minimalBlockDelay: duration(1_000),
    delayIncrementPerRound: duration(1_000),
    committeeSize: 64,
    blocksPerCycle: 64,
    allBakersAttest: false,
    robots: { tz1: 2, tz2: 1, tz3: 1, tz4: 2 },
    guests: [],
    latency: { min: duration(5), max: duration(20) },
    script: [
      { level: LOCKED_LEVEL, kind: 'no_quorum' },
      { level: REORGANISED_LEVEL, kind: 'reorganisation' },
    ],
  });
  const node = createNode(chain, { name: 'node1', now: () => instant(0) });
  const seen: ChainBlock[] = [];
  while (chain.head().level < levels) {
    for (const event of chain.advanceTo(chain.nextWake())) {
      node.deliver([event]);
      if (event.kind === 'validated') seen.push(event.block);
    }
  }
  const get = (path: string): unknown => {
    const query = new URLSearchParams('metadata=never');
    const reply = node.handle({ method: 'GET', path, query, body: '' });
    return 'stream' in reply ? undefined : JSON.parse(reply.body);
  };
  return { chain, seen, get };
}

/** A seat as a voter knows it. */
function ownSeat({ delegate, consensusKey, attestationSlot: slot, power }: Seat): OwnSeat {
  return { delegate, consensusKey: publicKeyHashOf(consensusKey), slot, power };
}

const LEVELS = 14;
const { chain, seen, get } = playedChain(LEVELS);

describe('on a chain with a locked re-proposal and a reorganisation', () => {
  const verdicts: Verdict[] = [];
  const reads: BlockHash[] = [];
  let state = newInclusion();
  const hear = (event: InclusionEvent): void => {
    const [next, effects] = stepInclusion(state, event);
    state = next;
    for (const effect of effects) {
      if (effect.kind === 'read') reads.push(effect.hash);
      else verdicts.push(effect.verdict);
    }
  };
  const eventOf = (of: ChainBlock): InclusionEvent => {
    const { hash, header, level: at } = of;
    const before = chain.block(header.predecessor);
    const grandparent = before?.header.predecessor ?? chain.genesis.hash;
    return { kind: 'block', hash, level: at, predecessor: header.predecessor, grandparent };
  };
  for (let at = 1; at <= LEVELS; at += 1) {
    const own = chain.rights(at).seats.map(ownSeat);
    hear({ kind: 'seats', level: level(at), seats: own });
  }
  for (const of of seen) {
    hear(eventOf(of));
    for (const hash of reads.splice(0)) {
      const answers = {
        pass: get(`/chains/main/blocks/${hash}/operations/0`),
        hashes: get(`/chains/main/blocks/${hash}/operation_hashes`),
      };
      const { operations_hash } = chain.block(hash)!.header;
      const read = readAttestations(operations_hash, answers);
      if (!read.ok) throw new Error(read.error);
      hear({ kind: 'pass', hash, attestations: read.value });
    }
  }
  const decided = verdicts.filter(verdict => verdict.kind === 'decided');

  test('each level is decided once, in order, two blocks after the one that has its votes', () => {
    const last = Math.max(...seen.map(({ level: at }) => at));
    const levels = decided.map(verdict => verdict.level);
    expect(levels).toEqual(Array.from({ length: last - 3 }, (_, at) => at + 1));
    expect(verdicts).toHaveLength(decided.length);
  });

  test('the block that decides and what it is for are those of the main chain', () => {
    for (const verdict of decided) {
      expect(verdict.block).toBe(chain.atLevel(verdict.level + 1)?.hash);
      const elected = chain.atLevel(verdict.level)!;
      const { round: of, payloadHash } = elected;
      expect(verdict.decision).toEqual({ round: of, payloadHash });
    }
    const roundAt = (at: number) => decided.find(each => each.level === at)?.decision.round;
    expect(roundAt(LOCKED_LEVEL)).toBeGreaterThan(0);
    const replaced = seen.filter(({ level: at }) => at === REORGANISED_LEVEL - 1);
    expect(replaced.length).toBeGreaterThan(1);
  });

  test('a seat is included as the chain itself wrote it down: alone or in an aggregate', () => {
    const carriers = new Set<string>();
    for (const { block: hash, level: at, seats: judged } of decided) {
      const slots = chain
        .block(hash)!
        .operations[0]!.flatMap(({ value }): readonly { slot: number; is: string }[] => {
          const [content] = value.contents;
          if (content.kind === 'attestation') return [{ slot: content.slot, is: content.kind }];
          if (content.kind !== 'attestations_aggregate') return [];
          return content.committee.map(({ slot: of }) => ({ slot: of, is: content.kind }));
        });
      for (const { seat, vote: included } of judged) {
        const written = slots.find(each => each.slot === seat.slot);
        expect(included?.carrier).toBe(written?.is);
        if (included !== undefined) carriers.add(included.carrier);
      }
      expect(judged).toHaveLength(chain.rights(at).seats.length);
    }
    expect([...carriers].sort()).toEqual(['attestation', 'attestations_aggregate']);
  });
});

const { protocol } = chain.options;
const block = chain.atLevel(3)!;
const path = `/chains/main/blocks/${block.hash}`;
const pass = get(`${path}/operations/0`) as readonly Record<string, unknown>[];
const hashes = get(`${path}/operation_hashes`) as readonly (readonly string[])[];
const { operations_hash: root } = block.header;

describe('the first pass of a block', () => {
  test('is read as a node gives it, with receipts and without', () => {
    const read = readAttestations(root, { pass, hashes });
    expect(read.ok && read.value.length).toBe(chain.rights(2).seats.length);
    const received = pass.map(each => ({
      ...each,
      contents: (each['contents'] as object[]).map(of => ({ ...of, metadata: { a: 1 } })),
    }));
    expect(readAttestations(root, { pass: received, hashes })).toEqual(read);
  });

  test.each([
    ['a vote too few', { pass: pass.slice(1), hashes }],
    ['none at all', { pass: [], hashes }],
    ['the votes in another order', { pass: [...pass].reverse(), hashes }],
    ['another list behind it', { pass, hashes: [hashes[0], hashes[0], [], []] }],
  ])('with %s is not the one of the header', (_, answers) => {
    expect(readAttestations(root, answers)).toEqual({
      ok: false,
      error: 'wrong_operations',
    });
  });

  test.each([
    ['no list', { pass: 'no', hashes }],
    ['no operations', { pass: [1, null], hashes }],
    ['no contents', { pass: [{ branch: block.hash }], hashes }],
    ['hashes that are none', { pass, hashes: [[], ['o'], [], []] }],
    ['hashes that are no lists', { pass, hashes: ['o'] }],
    ['no hashes', { pass, hashes: undefined }],
  ])('with %s is unreadable', (_, answers) => {
    expect(readAttestations(root, answers)).toEqual({
      ok: false,
      error: 'unreadable_operations',
    });
  });

  test('tells votes with DAL content by their kind, and no preattestations', () => {
    const branch = toBase58('blockHash', new Uint8Array(32).fill(1));
    const content = { slot: slot(7), level: 3, round: 1 } as const;
    const block_payload_hash = toBase58('payloadHash', new Uint8Array(32).fill(2));
    const signature = toBase58('sig', new Uint8Array(64).fill(3));
    const made = [
      { kind: 'attestation_with_dal', ...content, block_payload_hash, dal_attestation: '9' },
      { kind: 'preattestation', ...content, block_payload_hash },
    ].map(each => ({ branch, contents: [each], signature }));
    const own = made.map(each => hashOperation(encode(signedOperation(protocol), each as never)));
    const answers = { pass: made, hashes: [own, [], [], []] };
    expect(readAttestations(hashOperationListList([own, [], [], []]), answers)).toEqual({
      ok: true,
      value: [
        {
          ...{ slot: 7, level: 3, round: 1, payloadHash: block_payload_hash },
          carrier: 'attestation_with_dal',
        },
      ],
    });
  });
});
