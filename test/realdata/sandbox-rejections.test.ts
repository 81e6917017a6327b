import { describe, expect, test } from 'vitest';
import { toBase58, type Round } from '@meridian/tezos';
import { createNode, type Answer } from '@meridian/sandbox-chain';
import { attachSignature, encode, unsignedOperation } from '@meridian/tezos/forge';
import { protocolOf } from '../vectors/codec.ts';
import { checkEach, testShared } from '../vectors/load.ts';
import {
  ancestor,
  bodyOf,
  sceneAt,
  seatOf,
  voteOf,
  type Change,
  type Scene,
} from './rejected-votes.ts';

/**
 * The operations that a real node was given, made anew for the sandbox's chain: it answers each as the real node did,
 * up to hashes and numbers.
 */
const FOLDER = 'realdata/octez-sandbox';

type Recorded = {
  readonly case: string;
  readonly injection?: { readonly response: { readonly status: number; readonly body: string } };
};

/** Bodies to inject one after the other; the answer to the last one counts. */
type Case = (scene: Scene) => readonly string[];

/** A vote that differs from a right one in this. */
function one(change: Change): Case {
  return scene => [bodyOf(voteOf(scene, change).signed)];
}

/** A vote for a later round than the right one. */
function rounds(later: number): Case {
  return scene => [bodyOf(voteOf(scene, { round: scene.round + later }).signed)];
}

/** Two votes at the same place. */
function two(first: Change, second: Change): Case {
  return scene => [first, second].map(change => bodyOf(voteOf(scene, change).signed));
}

/** A right vote with its bytes changed. */
function bytes(change: (signed: Uint8Array) => Uint8Array, by: 'tz1' | 'tz4' = 'tz1'): Case {
  return scene => [bodyOf(change(voteOf(scene, { by }).signed))];
}

const again =
  (kind: 'preattestation' | 'attestation'): Case =>
  scene => {
    const body = bodyOf(voteOf(scene, { kind }).signed);
    return [body, body];
  };

/** Where a vote has its fields: branch 32, tag 1, slot 2, level 4, round 4, payload hash 32. */
const [TAG_AT, LEVEL_AT, ROUND_AT, SIGNATURE_AT] = [32, 35, 39, 75];

function minusOneAt(at: number): (signed: Uint8Array) => Uint8Array {
  return signed => signed.map((byte, place) => (place >= at && place < at + 4 ? 0xff : byte));
}

const CASES: Readonly<Record<string, Case>> = {
  'valid-preattestation': one({ kind: 'preattestation' }),
  'valid-preattestation-again': again('preattestation'),
  'valid-attestation': one({}),
  'valid-attestation-again': again('attestation'),
  'wrong-slot-own-other': scene => {
    const seat = seatOf(scene.chain, scene.chain.head().level, scene.tz1.key);
    return [bodyOf(voteOf(scene, { slot: seat.rounds[1] ?? 0 }).signed)];
  },
  'wrong-slot-other-delegate': scene => {
    const { level } = scene.chain.head();
    const other = scene.chain.rights(level).seats.find(seat => seat.consensusKey.startsWith('ed'));
    return [bodyOf(voteOf(scene, { slot: other?.attestationSlot ?? 0 }).signed)];
  },
  'wrong-slot-out-of-range': one({ slot: 300 }),
  'wrong-slot-65535': one({ slot: 65_535 }),
  'wrong-branch-head': scene => branched(scene, 0),
  'wrong-branch-pred': scene => branched(scene, 1),
  'wrong-branch-unknown': one({ branch: toBase58('blockHash', new Uint8Array(32).fill(77)) }),
  'wrong-branch-too-old': scene => branched(scene, 15),
  'old-level-minus-1': one({ levelsLater: -1 }),
  'old-level-minus-2': one({ levelsLater: -2 }),
  'old-level-minus-3': one({ levelsLater: -3 }),
  'old-level-minus-6': one({ levelsLater: -6 }),
  'future-level-plus-1': one({ levelsLater: 1, payload: 1 }),
  'future-level-plus-2': one({ levelsLater: 2, payload: 1 }),
  'future-level-plus-3': one({ levelsLater: 3, payload: 1 }),
  'future-level-plus-1000': one({ levelsLater: 1_000, payload: 1, slot: 1 }),
  'wrong-payload-hash': two({}, { payload: 1 }),
  'bad-signature': bytes(signed =>
    signed.map((byte, at) => (at === SIGNATURE_AT + 8 ? byte ^ 1 : byte)),
  ),
  'zero-signature': bytes(signed => signed.map((byte, at) => (at >= SIGNATURE_AT ? 0 : byte))),
  'signature-wrong-watermark': one({ watermark: 0x12 }),
  'wrong-round-plus-1': rounds(1),
  'wrong-round-plus-2': rounds(2),
  'wrong-round-plus-5': rounds(5),
  'wrong-round-plus-1000': rounds(1_000),
  'wrong-round-negative': bytes(minusOneAt(ROUND_AT)),
  'negative-level': bytes(minusOneAt(LEVEL_AT)),
  'truncated-1-byte': bytes(signed => signed.subarray(0, -1)),
  'truncated-signature': bytes(signed => signed.subarray(0, -32)),
  'truncated-to-40-bytes': bytes(signed => signed.subarray(0, 40)),
  'one-extra-byte': bytes(signed => Uint8Array.of(...signed, 0)),
  'odd-hex': scene => [bodyOf(voteOf(scene).signed).replace(/."$/, '"')],
  'unknown-tag': bytes(signed => signed.map((byte, at) => (at === TAG_AT ? 0xfa : byte))),
  'tz1-signature-with-ff03': bytes(signed =>
    Uint8Array.of(...signed.subarray(0, SIGNATURE_AT), 0xff, 3, ...signed.subarray(SIGNATURE_AT)),
  ),
  'double-preattestation-first': one({ kind: 'preattestation' }),
  'double-preattestation-second': two(
    { kind: 'preattestation' },
    { kind: 'preattestation', payload: 1 },
  ),
  'double-attestation-first': one({}),
  'double-attestation-second-branch': scene => [
    ...one({})(scene),
    bodyOf(voteOf(scene, { branch: ancestor(scene.chain, 1).hash }).signed),
  ],
  'attestation_with_dal-zero': one({ dal: '0' }),
  'attestation_with_dal-2048': one({ dal: '2048' }),
  'tz4-signed-in-normal-mode': one({ by: 'tz4', mode: 'plain' }),
  'tz4-without-ff03': bytes(
    signed =>
      Uint8Array.of(...signed.subarray(0, SIGNATURE_AT), ...signed.subarray(SIGNATURE_AT + 2)),
    'tz4',
  ),
  'tz4-valid': one({ by: 'tz4' }),
  'aggregate-in-mempool': scene => [bodyOf(aggregate(scene))],
  'tz4-dal-without-companion': one({ by: 'tz4', dal: '2048' }),
};

/** Votes are kept apart by their rounds, which no mempool looks at. */
const ROUNDS_A_CASE = 2_000;

/** Recorded cases that have no counterpart, with the reason. */
const NOT_HERE: Readonly<Record<string, string>> = {
  'signature-other-chain': 'the recorded chain has the chain id of mainnet, ours has its own',
  'private-injection-wrong-slot': 'private injection is closed, as on public nodes',
  'private-injection-bad-signature': 'private injection is closed, as on public nodes',
  'private-injection-wrong-branch': 'private injection is closed, as on public nodes',
  'attestation_with_dal-negative': 'the codec takes no negative bitset; unparsable here',
  'valid-attestation-one-level-later': 'needs a later head; a test of its own',
  'valid-attestation-two-levels-later': 'needs a later head; a test of its own',
};

function branched(scene: Scene, count: number): readonly string[] {
  return [bodyOf(voteOf(scene, { branch: ancestor(scene.chain, count).hash }).signed)];
}

/** An aggregate of one vote, under its signature. */
function aggregate(scene: Scene): Uint8Array {
  const { signed } = voteOf(scene, { by: 'tz4' });
  const head = scene.chain.head();
  const unsigned = encode(unsignedOperation(protocolOf('025')), {
    branch: ancestor(scene.chain, 2).hash,
    contents: [
      {
        kind: 'attestations_aggregate',
        consensus_content: {
          ...{
            level: head.level,
            round: scene.round as Round,
            block_payload_hash: head.payloadHash,
          },
        },
        committee: [{ slot: seatOf(scene.chain, head.level, scene.tz4.key).attestationSlot }],
      },
    ],
  });
  return attachSignature(unsigned, toBase58('BLsig', signed.slice(-96)));
}

/** The ids of the errors in an answer. */
function idsIn(body: string): readonly string[] {
  return [...body.matchAll(/"id":"([^"]+)"/g)].map(([, id = '']) => id);
}

/** An answer up to what differs between chains. */
function pattern(body: string): string {
  return body
    .replace(/\bo[a-zA-Z0-9]{50}\b/g, 'o…')
    .replace(/\bB[a-zA-Z0-9]{50}\b/g, 'B…')
    .replace(/\(B[a-zA-Z0-9]{11}\)/g, '(B…)')
    .replace(/(expected|provided): \d+/g, '$1: N')
    .trim();
}

describe('a vote that was taken', () => {
  const taken = () => {
    const scene = sceneAt(6);
    const body = bodyOf(voteOf(scene, { round: scene.chain.head().round }).signed);
    return { scene, body, first: lastAnswer(scene, () => [body], '') };
  };
  const levelsLater = ({ chain }: Scene, count: number): void => {
    const { level } = chain.head();
    while (chain.head().level < level + count) chain.advanceTo(chain.nextWake());
  };

  test.each([1, 2])('is known still %i levels later, when it is in a block', count => {
    const { scene, body, first } = taken();
    levelsLater(scene, count);
    expect(first.status).toBe(200);
    expect(lastAnswer({ ...scene, now: scene.chain.nextWake() }, () => [body], '')).toEqual(first);
  });

  test('is heard of once, however often it is injected', () => {
    const { scene, body } = taken();
    for (let count = 0; count < 3; count += 1) {
      lastAnswer(scene, () => [body], '');
      const events = scene.chain.advanceTo(scene.now);
      expect(events.filter(({ kind }) => kind === 'operation')).toHaveLength(count === 0 ? 1 : 0);
    }
  });

  test('is old two levels later when no block has it', () => {
    const scene = sceneAt(6);
    const body = bodyOf(voteOf(scene).signed);
    levelsLater(scene, 2);
    const said = lastAnswer({ ...scene, now: scene.chain.nextWake() }, () => [body], '');
    expect(said.body).toContain('Attestation for old level (expected: 7, provided: 6)');
  });
});

test('the head and the 8 blocks before it may be named as branch, and no other', () => {
  const scene = sceneAt(17);
  const vote = (back: number, round: number): string =>
    bodyOf(voteOf(scene, { round, branch: ancestor(scene.chain, back).hash }).signed);
  for (let back = 0; back <= 8; back += 1) {
    expect(lastAnswer(scene, () => [vote(back, back)], '').status).toBe(200);
  }
  expect(lastAnswer(scene, () => [vote(9, 9)], '').body).toContain(
    'too old (9 blocks in the past)',
  );
});

describe('injections', () => {
  for (const [query, file] of [
    ['', 'rejections-sync-tz1.ndjson'],
    ['async=true', 'rejections-async-tz1.ndjson'],
  ] as const) {
    testShared(
      `${FOLDER}/${file}`,
      'each is answered with status, ids and text of the recording',
      content => {
        const rows = (content as readonly Recorded[]).filter(
          row => row.injection !== undefined && !(row.case in NOT_HERE),
        );
        const scene = sceneAt(17);
        checkEach(
          [...rows.entries()],
          45,
          ([, row]) => row.case,
          ([at, row]) => {
            const bodies = CASES[row.case];
            if (bodies === undefined) throw new Error('is a case that nobody made anew');
            const said = lastAnswer({ ...scene, round: at * ROUNDS_A_CASE }, bodies, query);
            const { status = 0, body = '' } = row.injection?.response ?? {};
            expect(said.status).toBe(status);
            expect(idsIn(said.body)).toEqual(idsIn(body));
            expect(pattern(said.body)).toBe(pattern(body));
          },
        );
      },
    );
  }
});

function lastAnswer(scene: Scene, bodies: Case, query: string): Answer {
  const node = createNode(scene.chain, { name: 'node1', now: () => scene.now });
  const request = { method: 'POST', path: '/injection/operation' };
  const replies = bodies(scene).map(body =>
    node.handle({ ...request, query: new URLSearchParams(query), body }),
  );
  const last = replies.at(-1);
  if (last === undefined || 'stream' in last) throw new Error('an injection is answered');
  return last;
}
