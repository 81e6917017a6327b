import { describe, expect, test } from 'vitest';
import { lastJson, run } from '../cli.fixtures.ts';

const BRANCH = 'BKpbfCvh777DQHnXjU2sqHvVUNZ7dBAdqEfKkdw8EGSkD9LSYXb';
const PAYLOAD = 'vh1g87ZG6scSYxKhspAUzprQVuLAyoa5qMBKcUfjgnQGnFb3dJcG';
const VOTE = {
  branch: BRANCH,
  contents: [{ kind: 'attestation', slot: 17, level: 1331, round: 0, block_payload_hash: PAYLOAD }],
};
const VOTE_HEX =
  '0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8' +
  '15001100000533' +
  '00000000' +
  '00'.repeat(32);
const SIGN_HEX = `137a06a770${VOTE_HEX}`;
const REVELATION = {
  branch: BRANCH,
  contents: [{ kind: 'seed_nonce_revelation', level: 20, nonce: '11'.repeat(32) }],
};

describe('encoding and decoding', () => {
  test('a vote becomes bytes and comes back', async () => {
    const id = '025-PsUshuai.operation.unsigned';
    const encoded = await run(['codec', 'encode', id], JSON.stringify(VOTE));
    expect(encoded).toMatchObject({ status: 0, output: [VOTE_HEX] });
    const decoded = await run(['codec', 'decode', id, VOTE_HEX, '--json']);
    expect(lastJson(decoded)).toEqual(VOTE);
  });

  test('an operation of a kind that is not ours is forged by the library, signature or none', async () => {
    const id = '025-PsUshuai.operation';
    const encoded = await run(['codec', 'encode', id, '--json'], JSON.stringify(REVELATION));
    const { hex } = lastJson(encoded) as { hex: string };
    expect(hex).toMatch(/^0e57.*0{128}$/);
    expect(lastJson(await run(['codec', 'decode', id, hex, '--json']))).toEqual(REVELATION);
  });

  test('every identifier that is listed is known, and prints help for nobody', async () => {
    const { output } = await run(['codec', 'list']);
    expect(output).toContain('024-PtTALLiN.block_header.unsigned');
    expect(output).toContain('012-Psithaca.block_header');
    expect(output).not.toContain('012-Psithaca.operation');
    for (const id of output) {
      const outcome = await run(['codec', 'decode', id, '00', '--json']);
      expect([id, outcome.status]).toEqual([id, 1]);
    }
  });

  test('bytes that do not come back are refused with code and offset', async () => {
    const outcome = await run([
      'codec',
      'decode',
      '025-PsUshuai.operation.unsigned',
      `${VOTE_HEX}00`,
      '--json',
    ]);
    expect(outcome.status).toBe(1);
    expect(lastJson(outcome)).toMatchObject({ error: { code: 'trailing_bytes', offset: 75 } });
  });

  test('JSON that does not fit is refused with the field', async () => {
    const bad = { ...VOTE, contents: [{ ...VOTE.contents[0], round: -1 }] };
    const outcome = await run(
      ['codec', 'encode', '025-PsUshuai.operation.unsigned'],
      JSON.stringify(bad),
    );
    expect(outcome.status).toBe(1);
    expect(outcome.notes[0]).toMatch(
      /^meridian: contents\[0\]\.round: -1 is not in 0 to 2147483647/,
    );
  });

  test.each([
    [['codec', 'encode', 'nonsense']],
    [['codec', 'encode', '025-PsUshuai.']],
    [['codec', 'encode', '020-PsParisC.operation']],
    [['codec', 'encode', '__proto__']],
    [['codec', 'encode']],
    [['codec', 'decode', '025-PsUshuai.fitness']],
    [['codec', 'nonsense']],
    [['nonsense']],
    [['codec', 'list', '--nonsense']],
  ])('%j is misused', async args => {
    const outcome = await run(args, '{}');
    expect(outcome.status).toBe(2);
    expect(outcome.notes.length).toBeGreaterThan(0);
  });

  test('input that is no JSON is refused', async () => {
    const outcome = await run(['codec', 'encode', 'operation.shell_header'], 'vote');
    expect([outcome.status, outcome.notes[0]]).toEqual([
      1,
      expect.stringContaining('standard input is not JSON'),
    ]);
  });
});

describe('hashes', () => {
  test('of a payload without operations', async () => {
    const args = [
      '--predecessor',
      'BLUsZNtfKMi2WH6cP9Aqhx12RR8H6LixWDS5ZG6nE7hTypwUyYD',
      '--round',
      '0',
    ];
    const outcome = await run(['codec', 'hash', 'payload', ...args]);
    expect(outcome.output[0]).toMatch(/^vh/);
    expect((await run(['codec', 'hash', 'payload', ...args.slice(2)])).status).toBe(2);
    expect((await run(['codec', 'hash', 'payload', ...args, 'oNotAHash'])).notes[0]).toMatch(
      /OPERATION_HASHES\[0\] is not an operation hash/,
    );
    expect((await run(['codec', 'hash', 'payload', ...args.slice(0, 3), 'x'])).status).toBe(1);
  });

  test('of four empty passes', async () => {
    const outcome = await run(['codec', 'hash', 'operations-list-list'], '[[],[],[],[]]');
    expect(outcome.output).toEqual(['LLoa7bxRTKaQN2bLYoitYB6bU2DvLnBAqrVjZcvJ364cTcX2PZYKU']);
    expect((await run(['codec', 'hash', 'operations-list-list'], '[[1]]')).notes[0]).toMatch(
      /\[0\]\[0\] is not a text/,
    );
  });

  test('of an operation and a block', async () => {
    expect((await run(['codec', 'hash', 'operation', VOTE_HEX])).output[0]).toMatch(/^o/);
    expect((await run(['codec', 'hash', 'block', VOTE_HEX, '--json'])).output[0]).toMatch(
      /"hash":"B/,
    );
    expect((await run(['codec', 'hash', 'block', 'xyz'])).status).toBe(1);
  });
});

describe('inspecting a sign request', () => {
  test('kind, chain, level, round and digest are told', async () => {
    const outcome = await run(['codec', 'inspect', SIGN_HEX, '--json']);
    expect(outcome.status).toBe(0);
    expect(lastJson(outcome)).toMatchObject({
      accepted: true,
      kind: 'attestation',
      mode: 'plain',
      chainId: 'NetXdQprcVkpaWU',
      level: 1331,
      round: 0,
      slot: 17,
    });
    expect((await run(['codec', 'inspect', SIGN_HEX])).output).toContain('level          1331');
  });

  test('a vote with a slot is not for a tz4 key', async () => {
    const key = 'tz4F7uNZtx6hRD8FCqtFirKq2QFXqE7xtuMH';
    const outcome = await run(['codec', 'inspect', SIGN_HEX, '--key', key]);
    expect(outcome).toMatchObject({ status: 1, output: [expect.stringContaining('with a slot')] });
  });

  test.each([
    ['03', /a generic operation/],
    ['13', /truncated|bytes expected/],
    [`12${SIGN_HEX.slice(2)}`, /preattestation watermark before a attestation/],
  ])('%s is refused in words', async (hex, words) => {
    const outcome = await run(['codec', 'inspect', hex]);
    expect(outcome.status).toBe(1);
    expect(outcome.output[0]).toMatch(words);
  });

  test('a tz5 key is refused', async () => {
    const outcome = await run(['codec', 'inspect', SIGN_HEX, '--key', 'tz1nonsense']);
    expect(outcome.status).toBe(1);
  });
});

test('help names every command and exits with 0', async () => {
  const outcome = await run(['--help']);
  expect(outcome.status).toBe(0);
  expect(outcome.output.join('\n')).toMatch(/codec[^]*replay/);
  expect((await run(['codec', 'hash', 'payload', '--help'])).output.join('\n')).toMatch(
    /Examples:\s+meridian codec hash payload/,
  );
});
