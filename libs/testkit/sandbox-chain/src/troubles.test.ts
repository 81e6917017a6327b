import { expect, test } from 'vitest';
import { assert, duration, instant, later } from '@meridian/prelude';
import { toHex } from '@meridian/tezos';
import { hashOperation } from '@meridian/tezos/hash';
import type { ChainBlock, ChainEvent, SandboxNode } from './index.ts';
import { listen, said } from './node/fixtures.ts';
import { chainWithGuest, GUEST, play, votesOn, type Play } from './play-fixture.ts';
import { TROUBLES, type Trouble } from './troubles.ts';

const AT = 5;

function playWith(...script: readonly Trouble[]): Play {
  return play(chainWithGuest({ script }), AT + 4);
}

/** The validated blocks of a level with the time since their timestamp. */
function seenAt({ events }: Play, level: number): readonly (readonly [ChainBlock, number])[] {
  return events
    .filter(
      (event): event is Extract<ChainEvent, { kind: 'validated' }> => event.kind === 'validated',
    )
    .filter(({ block }) => block.level === level)
    .map(({ at, block }) => [block, at - Date.parse(block.header.timestamp)] as const);
}

function preattestationsIn(node: SandboxNode, level: number): number {
  const target = `/chains/main/blocks/${level}/operations/0`;
  const { json } = said(node, target) as unknown as {
    readonly json: readonly { readonly contents: readonly { readonly kind: string }[] }[];
  };
  return json.filter(({ contents }) => contents[0]?.kind.startsWith('preattestation')).length;
}

function roundOf(node: SandboxNode, level: number): unknown {
  return said(node, `/chains/main/blocks/${level}/helpers/round`).json;
}

/** The levels of the guest's rights whose votes are in no block. */
function missedBy({ verdicts }: Play): readonly number[] {
  return verdicts.filter(({ attested }) => !attested).map(({ level }) => level);
}

test('the owners of so many rounds make no block', () => {
  const { node } = playWith({ level: AT, kind: 'missed_rounds', rounds: 3 });
  expect(roundOf(node, AT - 1)).toBe(0);
  expect(roundOf(node, AT)).toBeGreaterThanOrEqual(3);
  expect(roundOf(node, AT + 1)).toBe(0);
});

test('a block that is late by less than its round is voted on, with its time as it should be', () => {
  const run = playWith({ level: AT, kind: 'late_block', ms: 700 });
  const [[block, late] = []] = seenAt(run, AT);
  expect(block?.round).toBe(0);
  expect(late).toBeGreaterThanOrEqual(705);
  expect(seenAt(run, AT - 1)[0]?.[1]).toBeLessThan(100);
  expect(run.chain.atLevel(AT)?.hash).toBe(block?.hash);
  expect(missedBy(run)).toEqual([]);
});

test('a block that comes after one of a later round counts for nothing', () => {
  const run = playWith({ level: AT, kind: 'late_block', ms: 2_070 });
  const rounds = seenAt(run, AT).map(([{ round }]) => round);
  expect(rounds).not.toContain(0);
  expect(roundOf(run.node, AT)).toBeGreaterThan(0);
  expect(preattestationsIn(run.node, AT)).toBe(0);
});

test('a block that comes after the end of its round is voted on by nobody, also where it is the only one', () => {
  const { rights } = chainWithGuest();
  const ownsRound1 = (level: number): boolean =>
    rights(level).seats.some(({ delegate, rounds }) => delegate === GUEST && rounds.includes(1));
  const late = Array.from({ length: 60 }, (_, at) => at + 3).find(ownsRound1) ?? 0;
  const script = [{ level: late, kind: 'late_block', ms: 2_500 }] as const;
  const run = play(chainWithGuest({ script }), late + 1, () => false);
  expect(seenAt(run, late)[0]?.[0].round).toBe(0);
  expect(votesAt(run, late, 0)).toEqual([]);
  expect(roundOf(run.node, late)).toBeGreaterThan(1);
});

test('without a prequorum the next round has a payload of its own, and no proof', () => {
  const run = playWith({ level: AT, kind: 'no_prequorum', rounds: 2 });
  const payloads = seenAt(run, AT).map(([{ payloadHash }]) => payloadHash);
  expect(payloads.length).toBeGreaterThan(1);
  expect(new Set(payloads).size).toBe(payloads.length);
  expect(roundOf(run.node, AT)).toBeGreaterThanOrEqual(2);
  expect(preattestationsIn(run.node, AT)).toBe(0);
  expect(run.chain.atLevel(AT)?.header.fitness[2]).toBe('');
  const kinds = votesAt(run, AT, 0).filter(({ isGuest }) => !isGuest);
  expect(kinds).toEqual([]);
});

test('without a quorum the payload is proposed again, with the preattestations of its prequorum', () => {
  const run = playWith({ level: AT, kind: 'no_quorum' });
  const [[first] = [], [again] = []] = seenAt(run, AT);
  expect(again?.round).toBeGreaterThan(0);
  expect(again?.payloadHash).toBe(first?.payloadHash);
  expect(again?.header).toMatchObject({ payload_round: 0 });
  expect(again?.header.fitness[2]).toBe('00000000');
  expect(preattestationsIn(run.node, AT)).toBeGreaterThan(0);
  const robots = votesAt(run, AT, 0).filter(({ isGuest }) => !isGuest);
  expect(new Set(robots.map(({ kind }) => kind))).toEqual(new Set(['preattestation']));
});

test('a proposer leaves out the vote of one guest, once', () => {
  const run = playWith({ level: AT, kind: 'left_out', guest: 1 });
  expect(missedBy(run)).toEqual([AT - 1]);
  const metadata = said(run.node, `/chains/main/blocks/${AT}/metadata`).json as {
    readonly attestations: { readonly recorded_power: string };
  };
  const own = run.chain.rights(AT - 1).seats.find(({ delegate }) => delegate === GUEST);
  expect(metadata.attestations.recorded_power).toBe((64 - (own?.power ?? 0)).toString());
});

test('a forbidden guest is refused in the words of a node, and shown as forbidden', () => {
  const run = playWith({ level: AT, kind: 'forbidden', guest: 1, levels: 2 });
  const refused = run.answers.filter(({ answer }) => !answer.ok);
  expect(new Set(refused.map(({ level }) => level))).toEqual(new Set([AT, AT + 1]));
  for (const { answer } of refused) {
    expect(answer).toMatchObject({
      error: {
        id: 'validate.temporarily_forbidden_delegate',
        class: 'refused',
        fields: { delegate: GUEST },
      },
    });
  }
  expect(missedBy(run)).toEqual([AT, AT + 1]);
  const shown = [AT - 1, AT, AT + 1, AT + 2].map(level => {
    const path = `/chains/main/blocks/${level}/context/delegates/${GUEST}`;
    const whole = said(run.node, path).json as { readonly is_forbidden: boolean };
    expect(said(run.node, `${path}/is_forbidden`).json).toBe(whole.is_forbidden);
    return whole.is_forbidden;
  });
  expect(shown).toEqual([false, true, true, false]);
});

test('the words of a refusal come through an injection, and nothing is held', () => {
  const script = [{ level: AT, kind: 'forbidden', guest: 1, levels: 9 }] as const;
  const { chain, node } = play(chainWithGuest({ script }), AT);
  const [vote] = votesOn(chain, chain.head());
  assert(vote !== undefined, 'the guest has a right');
  const refused = said(node, '/injection/operation', 'POST', JSON.stringify(toHex(vote)));
  expect(refused.status).toBe(500);
  expect(refused.body).toContain(
    `Delegate ${GUEST} has committed too many misbehaviours; it is temporarily not allowed to bake/preattest/attest.`,
  );
  const pending = said(node, '/chains/main/mempool/pending_operations');
  expect(pending.body).not.toContain(hashOperation(vote));
});

test('at each head a mempool is sorted anew: the stream ends, and what comes again is what may still be included', () => {
  const chain = chainWithGuest({ latency: { min: duration(5), max: duration(20) } });
  const { node } = play(chain, 4);
  const stream = listen(node, '/chains/main/mempool/monitor_operations');
  while (!stream.items.includes('end')) node.deliver(chain.advanceTo(chain.nextWake()));
  while (chain.head().level < 5) node.deliver(chain.advanceTo(chain.nextWake()));
  node.deliver(chain.advanceTo(chain.nextWake()));
  const held = shownBy(node);
  const head = chain.head().level;
  expect(new Set(held.map(({ level }) => level))).toEqual(new Set([head - 1, head]));
  const included = new Set<string>(chain.head().operations[0]?.map(({ hash }) => hash));
  expect(included.size).toBeGreaterThan(1);
  expect(held.filter(({ hash }) => included.has(hash))).toEqual([]);
  // Recorded: what is in a block under one signature stays, since no block has its hash.
  const left = held.filter(({ level, kind }) => level === head - 1 && kind === 'attestation');
  expect(left.length).toBeGreaterThan(0);
  expect(left.filter(({ signature }) => !signature.startsWith('BLsig'))).toEqual([]);
  // The next round has begun, but there is no block of it: nothing is too old yet.
  chain.advanceTo(later(instant(Date.parse(chain.head().header.timestamp)), duration(2_000)));
  expect(chain.head().level).toBe(head);
  const hashes = chain.mempool().map(({ hash }) => hash);
  expect(hashes).toEqual(expect.arrayContaining(left.map(({ hash }) => hash)));
});

test('trouble with a guest that is not there is refused', () => {
  const script = [{ level: AT, kind: 'left_out', guest: 2 }] as const;
  expect(() => chainWithGuest({ script })).toThrow('script[0].guest: there are 1 guests');
});

test('every trouble has a word and a meaning of its own', () => {
  const rows = Object.values(TROUBLES);
  expect(new Set(rows.map(({ word }) => word)).size).toBe(rows.length);
  expect(new Set(rows.map(({ means }) => means)).size).toBe(rows.length);
});

type Shown = {
  readonly hash: string;
  readonly kind: string;
  readonly level: number;
  readonly signature: string;
};

function shownBy(node: SandboxNode): readonly Shown[] {
  const { items, stop } = listen(node, '/chains/main/mempool/monitor_operations');
  stop();
  const first = items[0] as readonly (Pick<Shown, 'hash' | 'signature'> & {
    readonly contents: readonly [Pick<Shown, 'kind' | 'level'>];
  })[];
  return first.map(({ hash, signature, contents: [{ kind, level }] }) => ({
    ...{ hash, signature, kind, level },
  }));
}

/** Votes that nodes heard of for one round. */
function votesAt(
  { chain, events }: Play,
  wanted: number,
  round: number,
): readonly { readonly kind: string; readonly isGuest: boolean }[] {
  const own = chain.rights(wanted).seats.find(({ delegate }) => delegate === GUEST);
  return events.flatMap(event => {
    const [content] = event.kind === 'operation' ? event.operation.value.contents : [];
    if (content === undefined || !('slot' in content) || !('round' in content)) return [];
    const { kind, level, slot, round: at } = content;
    if (level !== wanted || at !== round) return [];
    return [{ kind, isGuest: slot === own?.attestationSlot }];
  });
}
