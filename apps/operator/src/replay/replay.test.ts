import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lastJson, run, type Run } from '../cli.fixtures.ts';
import { ANY_STAMP, madeChain } from './fixtures.ts';

let folder = '';
const chain = madeChain();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'meridian-replay-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Asks for a file that breaks off. */
const NO_JSON = Symbol('no JSON');

type Json = { [field: string]: Json } & Json[];
type Files = Partial<
  Record<'before' | 'block' | 'next' | 'keys' | 'rights', (json: Json) => unknown>
>;

/** Replays the made chain with some of its files changed. */
async function replayWith(change: Files = {}, ...more: readonly string[]): Promise<Run> {
  const path = (name: keyof Files): string => {
    const json = structuredClone(chain[name]) as Json;
    const changed = change[name]?.(json);
    const file = join(folder, `${name}.json`);
    writeFileSync(file, changed === NO_JSON ? '{"hash":' : JSON.stringify(json));
    return file;
  };
  const files = [
    '--keys',
    path('keys'),
    '--rights',
    path('rights'),
    '--next-rights',
    path('rights'),
  ];
  const options = ['--predecessor', path('before'), '--threshold', ANY_STAMP, '--json', ...more];
  return run(['replay', path('block'), path('next'), ...files, ...options]);
}

/** The votes of the last block. */
const votes = (next: Json): Json => next['operations']![0]!;

describe('a pair of blocks with every kind of vote', () => {
  test('everything agrees, and one vote of our own is cast', async () => {
    const outcome = await replayWith();
    expect(outcome.status).toBe(0);
    expect(lastJson(outcome)).toMatchObject({
      operations: 4,
      agree: 4,
      preattestations: 4,
      preattestationsAgree: 4,
      signaturesChecked: 8,
      signaturesValid: 8,
      headerSignaturesValid: 2,
      blockHash: true,
      operationsHash: true,
      payloadHash: true,
      stamp: true,
      operationHashesChecked: 8,
      operationHashesAgree: 8,
      branchFrom: 'chain',
      slotsFrom: 'rights',
      ownVote: { verified: true, secondPayload: 'conflicting_vote' },
    });
  });

  test.each(['tz1', 'tz2', 'tz3', 'tz4'])('a %s key casts a vote too', async address => {
    const { ownVote } = lastJson(await replayWith({}, '--own-key', address));
    expect(ownVote).toMatchObject({ verified: true, secondPayload: 'conflicting_vote' });
    expect((ownVote as { publicKeyHash: string }).publicKeyHash).toMatch(new RegExp(`^${address}`));
  });

  test('people are told the same in lines', async () => {
    const file = (name: 'block' | 'next') => join(folder, `${name}.json`);
    const { status, output } = await run([
      'replay',
      file('block'),
      file('next'),
      '--threshold',
      ANY_STAMP,
    ]);
    expect(status).toBe(0);
    expect(output).toContain('attestations       4 of 4 are ours byte for byte');
    expect(output).toContain('vote signatures    0 of 0 valid, 8 under keys that are not known');
    expect(output).toContain('branch taken from  the votes, which agree');
    expect(output.at(-1)).toBe('everything that could be checked agrees');
  });
});

describe('what does not agree is found', () => {
  const cases: readonly (readonly [string, Files, Record<string, unknown>])[] = [
    [
      'a vote from another slot than the rights give',
      {
        rights: rights => (rights[0]!['delegates']![0]!['attestation_slot'] = 1 as unknown as Json),
      },
      { agree: 3, operations: 4 },
    ],
    [
      'a delegate without rights',
      { rights: rights => rights[0]!['delegates']!.shift() },
      { agree: 3, preattestationsAgree: 3 },
    ],
    [
      'another round than the block has',
      { next: next => (votes(next)[0]!['contents']![0]!['round'] = 1 as unknown as Json) },
      { agree: 3, operationHashesAgree: 7 },
    ],
    [
      'a signature under another key',
      { next: next => (votes(next)[0]!['signature'] = votes(next)[4]!['signature']!) },
      { agree: 4, signaturesValid: 7, signaturesChecked: 8 },
    ],
    [
      'an aggregate whose signature is another ballot’s',
      { next: next => (votes(next)[3]!['signature'] = votes(next)[7]!['signature']!) },
      { signaturesValid: 7 },
    ],
    [
      'an operation that the header does not count',
      { next: next => votes(next).pop() },
      { operationsHash: false },
    ],
    [
      'a header with another nonce',
      {
        block: block =>
          (block['header']!['proof_of_work_nonce'] = '00000000000000ff' as unknown as Json),
      },
      { blockHash: false, headerSignaturesValid: 1 },
    ],
    [
      'a payload hash of other operations',
      { block: block => (block['header']!['payload_round'] = 1 as unknown as Json) },
      { payloadHash: false },
    ],
  ];

  test.each(cases)('%s', async (_name, change, found) => {
    const outcome = await replayWith(change);
    expect(outcome.status).toBe(1);
    expect(lastJson(outcome)).toMatchObject(found);
  });

  test('too little proof of work', async () => {
    const outcome = await replayWith({}, '--threshold', '0');
    expect([outcome.status, lastJson(outcome)['stamp']]).toEqual([1, false]);
  });
});

describe('bad input names its field and its file', () => {
  const cases: readonly (readonly [string, Files, RegExp])[] = [
    ['a file that is no JSON', { block: () => NO_JSON }, /block\.json is not JSON/],
    [
      'a block without hash',
      { block: block => Reflect.deleteProperty(block, 'hash') },
      /block\.json: hash is missing/,
    ],
    [
      'an unknown protocol',
      { next: next => (next['protocol'] = 'PtUnknown' as unknown as Json) },
      /next\.json: protocol is a protocol that Meridian does not know/,
    ],
    [
      'a header with a field of the wrong type',
      { block: block => (block['header']!['level'] = 'x' as unknown as Json) },
      /block\.json: header does not fit: level: a level is a whole number/,
    ],
    [
      'operations that are no lists',
      { next: next => (next['operations'] = [{}] as unknown as Json) },
      /next\.json: operations\[0\] is not a list/,
    ],
    [
      'a vote with a slot out of range',
      { next: next => (votes(next)[0]!['contents']![0]!['slot'] = 70_000 as unknown as Json) },
      /contents\[0\]\.slot: 70000 is not in 0 to 65535/,
    ],
    [
      'a key under another address',
      { keys: keys => Object.assign(keys, { [Object.keys(keys)[0]!]: Object.values(keys)[1] }) },
      /keys\.json: tz1\w+ is not the key of tz1/,
    ],
    [
      'rights without a slot',
      {
        rights: rights => Reflect.deleteProperty(rights[0]!['delegates']![0]!, 'attestation_slot'),
      },
      /rights\.json: \[0\]\.delegates\[0\]\.slots is missing/,
    ],
    [
      'blocks that do not follow one another',
      { next: next => (next['header']!['predecessor'] = next['hash']!) },
      /header\.predecessor is B\w+, but .*block\.json is B/,
    ],
    [
      'a predecessor that is none',
      { before: before => (before['hash'] = before['header']!['predecessor']!) },
      /before\.json is not the block before .*block\.json/,
    ],
  ];

  test.each(cases)('%s', async (_name, change, message) => {
    const outcome = await replayWith(change);
    expect(outcome.status).toBe(1);
    expect(outcome.notes.join('\n')).toMatch(message);
    expect(lastJson(outcome)).toMatchObject({ error: { code: 'bad_input' } });
  });

  test('a file that is not there', async () => {
    const outcome = await run(['replay', join(folder, 'none.json'), join(folder, 'none.json')]);
    expect([outcome.status, outcome.notes.join()]).toEqual([1, expect.stringContaining('ENOENT')]);
  });

  test.each([
    [['replay']],
    [['replay', 'only-one.json']],
    [['replay', 'a', 'b', '--own-key', 'tz5']],
    [['replay', '--node', 'http://127.0.0.1:1']],
    [['replay', '--node', 'http://127.0.0.1:1', '--level', '-1']],
    [['replay', 'a', 'b', '--node', 'http://127.0.0.1:1', '--level', '1']],
    [['replay', 'a', 'b', 'c']],
  ])('%j is misused', async args => {
    expect((await run(args)).status).toBe(2);
  });
});
