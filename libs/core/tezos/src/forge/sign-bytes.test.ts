import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toBase58 } from '../base58.ts';
import type { BlockHash, ChainId, PayloadHash } from '../base58-kinds.ts';
import { TEZOS_ERRORS, TezosError } from '../errors.ts';
import { writeFitness, type Fitness } from '../fitness.ts';
import { fromHex, toHex } from '../hex.ts';
import type { Level, Round, Slot } from '../numbers.ts';
import { encode } from './encoding.ts';
import { protocolOf, VARIANTS } from './fixtures.ts';
import { unsignedBlockHeader, type UnsignedBlockHeader } from './headers.ts';
import type { Unsigned, Vote } from './operations.ts';
import { blockSignBytes, blsModeBytes, readSignBytes } from './sign-bytes.ts';
import { voteModeOf, voteSignBytes, type SignSubject } from './sign-bytes.ts';

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const int31 = fc.nat(2 ** 31 - 1);
const chainIds = bytesOf(4).map((data): ChainId => toBase58('chainId', data));
const branches = bytesOf(32).map((data): BlockHash => toBase58('blockHash', data));
const payloads = bytesOf(32).map((data): PayloadHash => toBase58('payloadHash', data));
const votes = fc
  .record({
    branch: branches,
    kind: fc.constantFrom('preattestation', 'attestation', 'attestation_with_dal'),
    slot: fc.nat(65_535),
    level: int31,
    round: int31,
    block_payload_hash: payloads,
    dal: fc.bigInt({ min: 0n, max: 2n ** 190n }).map(String),
  })
  .map(({ branch, dal, ...content }): Unsigned<Vote> => {
    const withDal = content.kind === 'attestation_with_dal' ? { dal_attestation: dal } : {};
    return { branch, contents: [{ ...content, ...withDal } as Vote] };
  });
const headers = fc
  .record({
    protocol: fc.constantFrom(...VARIANTS),
    level: int31,
    locked: fc.option(fc.nat(5)),
    later: fc.nat(100),
    predecessorRound: int31,
    payloadRound: fc.nat(5),
    predecessor: branches,
    payload_hash: payloads,
    seed: fc.boolean(),
  })
  .map(({ protocol, level, locked, later, predecessorRound, seed, payloadRound, ...rest }) => {
    const round = (locked ?? 0) + 1 + later;
    const fitness = { level, lockedRound: locked, predecessorRound, round } as Fitness;
    return {
      protocol,
      fitness,
      header: header(protocol, fitness, { ...rest, payloadRound }, seed),
    };
  });

type HeaderParts = {
  readonly predecessor: BlockHash;
  readonly payload_hash: PayloadHash;
  readonly payloadRound: number;
};

/** A header that is right in every way but for what a test changes. */
function header(
  { headerVotes }: (typeof VARIANTS)[number],
  fitness: Fitness,
  parts: HeaderParts,
  seed: boolean,
): UnsignedBlockHeader {
  const escape = { liquidity_baking_escape_vote: true };
  const toggle = { liquidity_baking_toggle_vote: 'pass' };
  const own = {
    escape,
    toggle,
    'toggle-and-adaptive': { ...toggle, adaptive_issuance_vote: 'off' },
  }[headerVotes];
  return {
    level: fitness.level,
    proto: 1,
    predecessor: parts.predecessor,
    timestamp: '2026-01-01T00:00:00Z',
    validation_pass: 4,
    operations_hash: toBase58('operationListListHash', new Uint8Array(32)),
    fitness: writeFitness(fitness),
    context: toBase58('contextHash', new Uint8Array(32)),
    payload_hash: parts.payload_hash,
    payload_round: parts.payloadRound as Round,
    proof_of_work_nonce: '0000000000000000',
    ...(seed ? { seed_nonce_hash: toBase58('nonceHash', new Uint8Array(32)) } : {}),
    ...own,
  } as UnsignedBlockHeader;
}

/** What is read, or how it is refused; another error fails the test. */
function outcome(
  bytes: Uint8Array,
): SignSubject | { readonly code: string; readonly offset: number } {
  try {
    return readSignBytes(bytes);
  } catch (error) {
    if (!(error instanceof TezosError)) throw error;
    expect(Object.keys(TEZOS_ERRORS)).toContain(error.code);
    expect(error.offset).toBeGreaterThanOrEqual(0);
    expect(error.offset).toBeLessThanOrEqual(bytes.length);
    return { code: error.code, offset: error.offset! };
  }
}

/** The bytes of a vote from what was read of them. */
function rebuilt(subject: SignSubject): string | undefined {
  if (subject.kind === 'block') return undefined;
  const {
    level,
    round,
    payloadHash: block_payload_hash,
    slot = 0 as Slot,
    dalAttestation,
  } = subject;
  const content = { slot, level, round, block_payload_hash };
  const vote: Vote =
    dalAttestation === undefined
      ? { kind: subject.kind, ...content }
      : { kind: 'attestation_with_dal', ...content, dal_attestation: dalAttestation };
  const operation = { branch: subject.branch, contents: [vote] } as const;
  return toHex(voteSignBytes(subject.chainId, operation, subject.mode));
}

const isRead = (found: ReturnType<typeof outcome>): found is SignSubject => 'kind' in found;

describe('what is signed for a vote', () => {
  test('is read back as the vote, in either mode', () => {
    const property = fc.property(chainIds, votes, (chainId, operation) => {
      const [vote] = operation.contents;
      const { level, round, slot, block_payload_hash: payloadHash } = vote;
      const kind = vote.kind === 'preattestation' ? vote.kind : 'attestation';
      const { branch } = operation;
      const common = { kind, chainId, level, round, branch, payloadHash };
      const plain = readSignBytes(voteSignBytes(chainId, operation, 'plain'));
      const dal =
        vote.kind === 'attestation_with_dal' ? { dalAttestation: vote.dal_attestation } : {};
      expect(plain).toEqual({ ...common, mode: 'plain', slot, ...dal });
      const bls = readSignBytes(voteSignBytes(chainId, operation, 'bls'));
      expect(bls).toEqual({ ...common, mode: 'bls' });
    });
    fc.assert(property);
  });

  test('in BLS mode does not depend on slot and DAL content', () => {
    const property = fc.property(votes, fc.nat(65_535), (operation, slot) => {
      const [vote] = operation.contents;
      const { level, round, block_payload_hash } = vote;
      const kind = vote.kind === 'preattestation' ? vote.kind : 'attestation';
      const other: Vote = { kind, slot: slot as Slot, level, round, block_payload_hash };
      const bytes = blsModeBytes({ branch: operation.branch, contents: [other] });
      expect(toHex(bytes)).toBe(toHex(blsModeBytes(operation)));
      expect(bytes.length).toBe(73);
    });
    fc.assert(property);
  });

  test('has the lengths of the specification', () => {
    const property = fc.property(chainIds, votes, (chainId, operation) => {
      const [vote] = operation.contents;
      const plain = voteSignBytes(chainId, operation, 'plain');
      if (vote.kind === 'attestation_with_dal') expect(plain.length).toBeGreaterThan(80);
      else expect(plain.length).toBe(80);
      expect(voteSignBytes(chainId, operation, 'bls').length).toBe(78);
    });
    fc.assert(property);
  });

  test('with any byte changed, added or cut is another subject or refused', () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
    const modes = fc.constantFrom('plain' as const, 'bls' as const);
    const property = fc.property(
      chainIds,
      votes,
      modes,
      change,
      (chainId, operation, mode, [at, by]) => {
        const bytes = voteSignBytes(chainId, operation, mode);
        const subject = readSignBytes(bytes);
        const place = at % bytes.length;
        const last = bytes.length - 1;
        for (const changed of [
          bytes.with(place, bytes[place]! ^ by),
          bytes.with(last, bytes[last]! ^ by),
          bytes.subarray(0, last),
          Uint8Array.of(...bytes, by),
          Uint8Array.of(...bytes, 0),
        ]) {
          const found = outcome(changed);
          expect(found).not.toEqual(subject);
          if (isRead(found)) expect(rebuilt(found) ?? toHex(changed)).toBe(toHex(changed));
        }
      },
    );
    fc.assert(property, { numRuns: 300 });
  });
});

describe('what is signed for a block', () => {
  test('is read back as its level, its round and what it builds on, for headers of every layout', () => {
    const property = fc.property(
      chainIds,
      headers,
      (chainId, { protocol, fitness, header: json }) => {
        const bytes = blockSignBytes(chainId, encode(unsignedBlockHeader(protocol), json));
        expect(readSignBytes(bytes)).toEqual({
          kind: 'block',
          chainId,
          level: fitness.level,
          round: fitness.round,
          predecessor: json.predecessor,
          payloadHash: json.payload_hash,
        });
      },
    );
    fc.assert(property);
  });

  test('cut or continued anywhere is refused', () => {
    const property = fc.property(chainIds, headers, (chainId, { protocol, header: json }) => {
      const bytes = blockSignBytes(chainId, encode(unsignedBlockHeader(protocol), json));
      for (let length = 0; length < bytes.length; length++) {
        expect(outcome(bytes.subarray(0, length))).toHaveProperty('code');
      }
      for (const more of [[0], [255], Array<number>(32).fill(0), Array<number>(64).fill(1)]) {
        expect(outcome(Uint8Array.of(...bytes, ...more))).toHaveProperty('code', 'trailing_bytes');
      }
    });
    fc.assert(property, { numRuns: 5 });
  });

  test('does not take the round of the payload for its own', () => {
    const parts = {
      predecessor: toBase58('blockHash', new Uint8Array(32)),
      payload_hash: toBase58('payloadHash', new Uint8Array(32)),
      payloadRound: 5,
    };
    const fitness = { level: 11, lockedRound: 5, predecessorRound: 0, round: 6 } as Fitness;
    const protocol = protocolOf('025');
    const json = header(protocol, fitness, parts, false);
    const chainId = toBase58('chainId', new Uint8Array(4));
    const bytes = blockSignBytes(chainId, encode(unsignedBlockHeader(protocol), json));
    expect(readSignBytes(bytes)).toMatchObject({ level: 11, round: 6 });
  });

  test('is refused where the fitness is of another level', () => {
    const property = fc.property(
      chainIds,
      headers,
      int31,
      (chainId, { protocol, header: json }, other) => {
        fc.pre(other !== json.level);
        const unfit = { ...json, level: other as Level };
        const bytes = blockSignBytes(chainId, encode(unsignedBlockHeader(protocol), unfit));
        expect(outcome(bytes)).toEqual({ code: 'out_of_range', offset: 5 });
      },
    );
    fc.assert(property);
  });
});

describe('bytes that nobody may sign', () => {
  const tail = '00'.repeat(36);
  test.each([
    ['an Emmy block', '01', 'an Emmy block'],
    ['an Emmy endorsement', '02', 'an Emmy endorsement'],
    ['a manager operation', '03', 'a generic operation'],
    ['a request to a signer', '04', 'an authenticated signer request'],
    ['Michelson data', '05', 'packed Michelson data'],
    ['a watermark of the future', '14', '0x14 is never signed here'],
    ['zeros', '00', '0x00 is never signed here'],
  ])('are named: %s', (_, watermark, name) => {
    expect(() => readSignBytes(fromHex(watermark + tail))).toThrow(name);
  });

  test.each([
    ['12', '15'],
    ['12', '17'],
    ['12', '29'],
    ['13', '14'],
    ['13', '28'],
    ['12', '1e'],
    ['13', '1f'],
    ['13', '02'],
    ['12', '00'],
  ])('are votes whose watermark %s stands before the kind %s', (watermark, tag) => {
    const length = tag.startsWith('2') ? 40 : tag === '17' ? 43 : 42;
    const bytes = fromHex(`${watermark}${tail}${tag}`.padEnd(2 * (38 + length), '0'));
    expect(outcome(bytes)).toEqual({ code: 'unknown_kind', offset: 37 });
  });

  test('are any others: random bytes are refused, or read as themselves', () => {
    const watermarks = fc.constantFrom(0x11, 0x12, 0x13);
    const tags = fc.constantFrom(0x14, 0x15, 0x17, 0x28, 0x29, 0x1e);
    const lengths = fc.constantFrom(40, 42, 43, 45, 100, 160);
    const likely = fc
      .tuple(watermarks, bytesOf(36), tags, lengths.chain(bytesOf))
      .map(([watermark, head, tag, rest]) => Uint8Array.of(watermark, ...head, tag, ...rest));
    const property = fc.property(fc.oneof(fc.uint8Array({ maxLength: 250 }), likely), bytes => {
      const found = outcome(bytes);
      if (isRead(found)) expect(rebuilt(found) ?? toHex(bytes)).toBe(toHex(bytes));
    });
    fc.assert(property, { numRuns: 500 });
  });
});

test('tz4 keys sign in BLS mode, all others as it is', () => {
  expect(['tz4HVR', 'BLpk1x'].map(voteModeOf)).toEqual(['bls', 'bls']);
  expect(['tz1abc', 'tz2abc', 'tz3abc', 'edpk', 'sppk', 'p2pk'].map(voteModeOf)).toEqual(
    Array<string>(6).fill('plain'),
  );
});
