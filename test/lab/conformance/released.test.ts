import { p256 } from '@noble/curves/nist.js';
import { describe, expect, test } from 'vitest';
import { fromBase58, toBase58, type SecretKey } from '@meridian/tezos';
import { sign } from '@meridian/tezos/crypto';
import { blake2b256 } from '@meridian/tezos/hash';
import { vectors } from '../../vectors/load.ts';
import { parseCaseFile } from './case-file.ts';
import { Released } from './released.ts';
import { conflictingWith, subjectOf } from './subject.ts';

const read = parseCaseFile(vectors('signer_cases'));
if (!read.ok) throw new Error(read.error);
const { keys, messages } = read.value;
const ALL = Object.values(keys);

const bytesOf = (name: string): Buffer => Buffer.from(messages[name]?.hex ?? '', 'hex');
const secretOf = (name: string): SecretKey => keys[name]?.secret_key as SecretKey;

function released(key: string, ...all: readonly (readonly [Buffer, string?])[]): readonly string[] {
  const union = new Released();
  const pkh = keys[key]?.public_key_hash ?? '';
  for (const [bytes, signature] of all)
    union.add({ pkh, bytes, signature: signature ?? sign(secretOf(key), bytes) });
  return union.problems(ALL);
}

describe('subjects', () => {
  test.each(Object.entries(messages).filter(([, { expected }]) => isRead(expected)))(
    '%s is read as the file says',
    (_name, { hex, expected, chain_id: chainId }) => {
      const { kind, level, round } = expected as Readonly<Record<string, unknown>>;
      expect(subjectOf(Buffer.from(hex, 'hex'))).toEqual({ kind, level, round, chainId });
    },
  );

  test.each(['block_l100_r0', 'block_l100_r1_reproposal', 'att_l100_r0_dal1', 'preatt_tz4'])(
    'other bytes for %s have its level and round, and its length',
    name => {
      const bytes = bytesOf(name);
      const other = conflictingWith(bytes);
      expect(other.equals(bytes)).toBe(false);
      expect(other).toHaveLength(bytes.length);
      expect(subjectOf(other)).toEqual(subjectOf(bytes));
    },
  );

  test('what is no block and no vote has none', () => {
    for (const name of ['x_empty', 'x_8_bytes', 'x_generic_03', 'x_magic_ff'])
      expect(subjectOf(bytesOf(name))).toBeUndefined();
  });
});

function isRead(expected: unknown): boolean {
  return (expected as Readonly<Record<string, unknown>>)['reject'] !== true;
}

describe('signatures that left', () => {
  test('are good when each place has one payload', () => {
    const all = ['att_l100_r0', 'att_l100_r0', 'att_l100_r1', 'preatt_l100_r0', 'block_l100_r0'];
    expect(released('baker_tz1', ...all.map(name => [bytesOf(name)] as const))).toEqual([]);
  });

  test.each([
    ['att_l100_r0', 'att_l100_r0_other'],
    ['att_l100_r0', 'att_l100_r0_dal1'],
    ['block_l100_r0', 'block_l100_r0_other'],
    ['preatt_l100_r0', 'preatt_l100_r0_branch2'],
  ])('%s and %s are two payloads of one place', (one, other) => {
    const problems = released('baker_tz1', [bytesOf(one)], [bytesOf(other)]);
    expect(problems.join()).toContain('two payloads were signed');
  });

  test('a signature over other bytes, or of another key, does not verify', () => {
    const bytes = bytesOf('att_l100_r0');
    const other = sign(secretOf('baker_tz1'), bytesOf('att_l100_r1'));
    expect(released('baker_tz1', [bytes, other]).join()).toContain('does not verify');
    const rogue = sign(secretOf('client_rogue'), bytes);
    expect(released('baker_tz1', [bytes, rogue]).join()).toContain('does not verify');
    expect(released('baker_tz1', [bytes, 'rubbish']).join()).toContain('does not verify');
  });

  test('a block with two good signatures has one too many, a vote has not', () => {
    const secret = fromBase58('p2sk', secretOf('baker_tz3'));
    const random = (bytes: Buffer): string =>
      toBase58(
        'p2sig',
        p256.sign(blake2b256(bytes), secret, { prehash: false, extraEntropy: true }),
      );
    const block = bytesOf('block_tz3');
    const twice = released('baker_tz3', [block, random(block)], [block, random(block)]);
    expect(twice.join()).toContain('a block has two signatures');
    const vote = bytesOf('att_tz3');
    expect(released('baker_tz3', [vote, random(vote)], [vote, random(vote)])).toEqual([]);
  });

  test('bytes that nobody should sign are told', () => {
    const problems = released('baker_tz1', [bytesOf('x_generic_03')]);
    expect(problems.join()).toContain('no block and no vote');
  });

  test('another scheme of tz4 is not that of the chain', () => {
    const union = new Released();
    const bytes = bytesOf('att_tz4');
    const pkh = keys['baker_tz4']?.public_key_hash ?? '';
    const signature = sign(secretOf('baker_tz4'), bytes);
    union.add({ pkh, bytes, signature, version: '1' });
    expect(union.problems(ALL).join()).toContain(
      "version 1 gave a signature of the chain's scheme",
    );
  });
});
