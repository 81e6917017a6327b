import { checkJobs, pathOf, type NodeWord, type Topic, type Verifier } from '@meridian/chain-view';
import { duration, instant, type Instant } from '@meridian/prelude';
import { createChain, createNode, type ChainEvent } from '@meridian/sandbox-chain';
import { PROTOCOLS } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed, sign } from '@meridian/tezos/crypto';
import { verify, verifyAggregate } from '@meridian/tezos/crypto';
import { describe, expect, test } from 'vitest';
import { newLine, operationHex, signBytesOf, stepLine } from '../index.ts';
import type { LineEffect, LineEvent, LineState } from '../index.ts';
import { pack, unpack } from './pack.ts';
import { eventLine, headerLine, NEW_REPLAY, replayLine, stateLines } from './index.ts';
import type { Difference, Replayed } from './index.ts';

/*
 * An endorser on a chain with a round without quorum, through three nodes of which one lies; what it hears is recorded.
 */

const [protocol] = PROTOCOLS.filter(({ number }) => number === '025');
const SECRET = secretKeyOfSeed('tz1', new Uint8Array(32).fill(42));
const KEY = publicKeyOf(SECRET);
const PKH = publicKeyHashOf(KEY);
const VERIFIER = { verify, verifyAggregate } as unknown as Verifier;
const LEVELS = 7;
const NODES = ['node1', 'node2', 'node3'];

const chain = createChain({
  ...{ seed: 7, protocol: protocol!, genesisTime: instant(1_800_000_000_000) },
  ...{ minimalBlockDelay: duration(2_000), delayIncrementPerRound: duration(1_000) },
  ...{ committeeSize: 64, blocksPerCycle: 8, allBakersAttest: false },
  robots: { tz1: 1, tz2: 1, tz3: 1, tz4: 2 },
  guests: [{ delegate: PKH, consensusKey: KEY, stake: 15 }],
  latency: { min: duration(5), max: duration(60) },
  script: [{ level: 4, kind: 'no_quorum' }],
});
const options = {
  view: { chainId: chain.chainId, keys: new Set([PKH]), quorum: 2 },
  voter: { sign: 'at_prequorum' },
} as const;

function wordsOf(event: ChainEvent, isLie: boolean): NodeWord {
  if (event.kind === 'operation') {
    const { value } = event.operation;
    // A lie is shaped like our own marks, too.
    return { kind: 'operations', items: [isLie ? { ...value, $map: [1], signature: 'x' } : value] };
  }
  const { hash, header, operations } = event.block;
  const told = isLie ? { ...header, timestamp: '2030-01-01T00:00:00Z' } : header;
  if (event.kind === 'head') return { kind: 'block', stream: 'heads', item: { ...told, hash } };
  const passes = operations.map(pass => pass.map(({ value }) => value));
  const item = { chain_id: chain.chainId, hash, header: told, operations: passes };
  return { kind: 'block', stream: 'validated_blocks', item };
}

/** An event that ran, with what came of it and what the line knew after it. */
type Ran = {
  readonly event: LineEvent;
  readonly effects: readonly LineEffect[];
  readonly state: LineState;
};

/** All that an endorser hears on the chain, in the order in which it ran. */
function aRun(): readonly Ran[] {
  const ran: Ran[] = [];
  let now: Instant = chain.options.genesisTime;
  const nodes = NODES.map(name => ({ name, node: createNode(chain, { name, now: () => now }) }));
  let state = newLine(options.view, options.voter);
  const hear = (event: LineEvent): void => {
    const [next, effects] = stepLine(state, VERIFIER, event);
    state = next;
    ran.push({ event, effects, state });
    for (const effect of effects) perform(effect);
  };
  const answer = (topic: Topic): void => {
    const [path = '', query = ''] = pathOf(topic).split('?');
    for (const { name, node } of nodes) {
      const params = new URLSearchParams(query);
      const reply = node.handle({ method: 'GET', path, query: params, body: '' });
      const value: unknown =
        'stream' in reply || reply.status !== 200 ? undefined : JSON.parse(reply.body);
      if (value === undefined) hear({ kind: 'unanswered', at: now, node: name, topic });
      else hear({ kind: 'answer', at: now, node: name, topic, value });
    }
  };
  const perform = (effect: LineEffect): void => {
    if (effect.kind === 'read') answer(effect.topic);
    if (effect.kind === 'read_marks') {
      hear({ kind: 'marks', at: now, hash: effect.hash, marks: new Map([[PKH, null]]) });
    }
    if (effect.kind === 'verify') {
      const findings = checkJobs(VERIFIER, effect.jobs);
      hear({ kind: 'verified', at: now, batch: effect.batch, findings });
    }
    for (const ballot of effect.kind === 'sign' ? effect.ballots : []) {
      const signature = sign(SECRET, signBytesOf(chain.chainId, ballot));
      hear({ kind: 'signed', at: now, ballot, operation: operationHex(ballot, signature) });
    }
  };
  while (chain.head().level < LEVELS) {
    const wake = chain.nextWake();
    const events = chain.advanceTo(wake);
    now = wake;
    for (const { node } of nodes) node.deliver(events);
    for (const event of events) {
      for (const node of NODES) hear({ ...wordsOf(event, node === 'node1'), node, at: now });
    }
    hear({ kind: 'tick', at: now });
  }
  return ran;
}

const ran = aRun();
const FRESH = newLine(options.view, options.voter);
const injectedBy = (of: readonly Pick<Ran, 'effects'>[]): readonly string[] =>
  of.flatMap(({ effects }) =>
    effects.flatMap(effect => (effect.kind === 'inject' ? [effect.operation] : [])),
  );

/** A recording of what ran from one event on. */
function recordingFrom(at = 0): readonly string[] {
  const before = ran[at - 1]?.state ?? FRESH;
  const lines = ran.slice(at).map(({ event, effects }, n) => eventLine(n + 1, event, effects));
  return [headerLine(options), ...stateLines(before), ...lines];
}

/** What came of a recording: its votes, and what is wrong with it or the first difference. */
function replayed(lines: readonly string[]) {
  let replay = NEW_REPLAY;
  const found: Replayed[] = [];
  const votes = (): readonly string[] =>
    found.flatMap(each => each.votes.map(({ operation }) => operation));
  for (const [at, line] of lines.entries()) {
    const next = replayLine(replay, VERIFIER, line);
    if (!next.ok) return { votes: votes(), wrong: next.error, at };
    replay = next.value[0];
    const { difference } = next.value[1];
    if (difference !== undefined) return { votes: votes(), difference, at };
    found.push(next.value[1]);
  }
  return { votes: votes() };
}

describe('a recording', () => {
  test('replays to the same votes, byte for byte, also where a node lied', () => {
    const votes = injectedBy(ran);
    expect(votes.length).toBeGreaterThan(6);
    expect(ran.some(({ effects }) => effects.some(({ kind }) => kind === 'fault'))).toBe(true);
    expect(ran.some(({ event }) => event.kind === 'marks')).toBe(true);
    expect(replayed(recordingFrom())).toEqual({ votes });
  });

  test('that begins anywhere goes on as the run did', () => {
    for (let at = 1; at < ran.length; at += 41) {
      expect(replayed(recordingFrom(at))).toEqual({ votes: injectedBy(ran.slice(at)) });
    }
  });

  test('that begins in the middle of a check takes what was found of it', () => {
    const at = ran.findIndex(({ event }) => event.kind === 'verified');
    expect(replayed(recordingFrom(at))).toEqual({ votes: injectedBy(ran.slice(at)) });
  });

  test('names no key but the address of each', () => {
    expect(JSON.parse(headerLine(options))).toEqual({
      ...{ meridian: 'recording', version: 1, chainId: chain.chainId, keys: [PKH] },
      ...{ quorum: 2, sign: 'at_prequorum', protocols: {} },
    });
  });
});

const otherDigit = (_all: string, before: string, digit: string): string =>
  `${before}${digit === '0' ? '1' : '0'}`;

/** Changes the first line that this finds. */
function changed(pattern: RegExp, by: string | typeof otherDigit): readonly string[] {
  const lines = [...recordingFrom()];
  const at = lines.findIndex(line => pattern.test(line));
  lines[at] = lines[at]!.replace(pattern, by as string);
  return lines;
}

describe('a byte that was changed in it', () => {
  test.each<readonly [string, RegExp, string | typeof otherDigit, Difference['what']]>([
    ['a vote that was injected', /("inject":\["\w{40})(.)/, otherDigit, 'injected'],
    ['a vote that was signed', /("kind":"signed".*"operation":"\w{40})(.)/, otherDigit, 'injected'],
    ['a ballot', /("sign":\[\["preattestation",)./, '$18', 'to be signed'],
    ['what was found of a signature', /("findings":\[\[)true/, '$1false', 'signatures checked'],
    ['the quorum of nodes', /"quorum":2/, '"quorum":3', 'to be signed'],
  ])('%s is found', (_name, pattern, by, what) => {
    const found = replayed(changed(pattern, by));
    expect(found.difference?.what).toBe(what);
  });

  test('a block, wherever it was told truly, is found at the vote that it takes', () => {
    const first = ran.find(({ effects }) => effects.some(({ kind }) => kind === 'sign'))!;
    const [level] = first.effects.flatMap(effect => (effect.kind === 'sign' ? effect.ballots : []));
    const pattern = new RegExp(`("level":${level!.level},"proto":)1`);
    const lines = recordingFrom().map(line => line.replace(pattern, '$12'));
    expect(replayed(lines).difference).toMatchObject({ what: 'to be signed', replayed: '[]' });
  });
});

const SIGNED = ran.find(({ event }) => event.kind === 'signed')!.event;

describe('what is no recording', () => {
  const lines = recordingFrom();
  const fields = lines.findIndex(line => line.startsWith('{"fields"'));
  const withLine = (at: number, line: string): readonly string[] => lines.with(at, line);
  const event = (change: object): readonly string[] =>
    withLine(fields + 1, JSON.stringify({ n: 1, event: { kind: 'tick', at: 1, ...change } }));
  test.each<readonly [string, readonly string[], RegExp]>([
    ['is no JSON', ['once upon a time'], /not JSON/],
    ['is a list', ['[]'], /an object is expected/],
    ['is something else', ['{"a":1}'], /not the first line of a recording/],
    ['is of a later version', withLine(0, lines[0]!.replace(':1', ':2')), /another version/],
    [
      'names no protocol',
      withLine(0, lines[0]!.replace('{}', '{"Px":"999"}')),
      /protocols\.Px: 999/,
    ],
    ['lacks a field of the state', lines.toSpliced(1, 1), /lines are missing/],
    ['has a strange field', withLine(1, '{"field":"view.moon","holds":1}'), /view\./],
    ['has a strange value', withLine(1, '{"field":"view.proto","holds":{"$moon":1}}'), /\$moon/],
    ['lacks an event', lines.toSpliced(fields + 2, 1), /event 3 stands where 2 should/],
    ['has a strange event', event({ kind: 'moon' }), /event\.kind/],
    ['has an event of an inherited kind', event({ kind: 'toString' }), /event\.kind/],
    ['has an event without time', event({ at: 'noon' }), /event\.at/],
    ['has an operation without its end', event({ ...SIGNED, operation: 'abc' }), /operation/],
    ['has an answer to nothing', event({ kind: 'unanswered', node: 'n', topic: {} }), /topic/],
  ])('%s: it is said why', (_name, given, why) => {
    expect(replayed(given).wrong).toMatch(why);
  });

  test('has a state that no line can take an event with: it is said, and nothing is thrown', () => {
    const at = lines.findIndex(line => line.startsWith('{"field":"view.batch"'));
    const found = replayed(withLine(at, '{"field":"view.batch","holds":7}'));
    expect(found.wrong).toMatch(/the line cannot take this event/);
  });
});

test('what a line knows comes back as it was, whatever a node said that looks like our marks', () => {
  const value = {
    ...{ map: new Map([[1, new Set(['a'])]]), bytes: new Uint8Array([1, 255]), none: undefined },
    ...{ big: 2n ** 64n, mark: { $map: [[1, 2]] }, marks: [{ $hex: 'ab', $set: [] }, undefined] },
    ...{ empty: {}, half: 0.5, text: '\u2028"\ud800' },
  };
  const text = JSON.stringify(pack(value));
  expect(unpack(JSON.parse(text))).toEqual({ ok: true, value });
});
