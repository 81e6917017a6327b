import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { run } from '../cli.fixtures.ts';
import { CHECKS } from './checks.ts';
import { CHAIN, DELEGATE, delegate, header, KEY, LEVEL, nodeScript } from './fixtures.ts';
import { SILENCE, status, type Says, type Script } from './fixtures.ts';
import { closeAll, doctor, fake, nodeArgs, outcome } from './runs.ts';

const HEAD = '/chains/main/blocks/head';

afterEach(closeAll);

describe('a node that is well', () => {
  test('passes every check, and so does its key', async () => {
    const url = await fake(nodeScript());
    const report = await doctor(...nodeArgs(url), '--key', KEY);
    expect(report.checks.filter(({ status: how }) => how !== 'ok')).toEqual([]);
    expect(report.status).toBe(0);
    const names = Object.keys(CHECKS).filter(name => !/^(signer|marks)_/.test(name));
    expect([...new Set(report.checks.map(({ check }) => check))].toSorted()).toEqual(
      names.toSorted(),
    );
    expect(outcome(report, 'key_registered')).toBe(`ok of ${DELEGATE}`);
    expect(outcome(report, 'key_rights')).toMatch(/^ok in 1 of the next 64 levels, first at 1001/);
  });

  test('behind a path and a slash is found there', async () => {
    const script = Object.entries(nodeScript()).map(([key, says]): [string, Says] => [
      key.replace(' ', ' /mainnet'),
      says,
    ]);
    const url = await fake(Object.fromEntries(script));
    expect((await doctor(...nodeArgs(`${url}/mainnet/`))).status).toBe(0);
  });
});

describe('a node that is ill', () => {
  const endless: Says = {
    act: response => {
      const chunk = Buffer.alloc(64 * 1024, '[');
      const pour = (): void => void response.write(chunk, error => (error ? undefined : pour()));
      pour();
    },
  };
  const old = new Date(Date.now() - 3_600_000).toISOString();

  test.each<[string, Script, keyof typeof CHECKS, RegExp]>([
    [
      'hangs',
      { 'GET /version': SILENCE },
      'node_reachable',
      /^fail \/version: no answer within 0\.3 s$/,
    ],
    [
      'has no header for a head',
      { [`GET ${HEAD}/header`]: { json: 7 } },
      'node_reachable',
      /no header/,
    ],
    [
      'has an endless head',
      { [`GET ${HEAD}/header`]: endless },
      'node_reachable',
      /^fail its head cannot be read: an answer of more than 1048576 bytes/,
    ],
    [
      'writes to the terminal',
      { [`GET ${HEAD}/header`]: status(500, '\u001b]0;owned\u0007\nfail') },
      'node_reachable',
      /status 500: \]0;owned fail$/,
    ],
    ['speaks of another head', { [`GET ${HEAD}/header`]: header(-1) }, 'node_reachable', /^fail/],
    [
      'is on another chain',
      { [`GET ${HEAD}/header`]: header(LEVEL, { chain_id: 'NetXnHfVqm9iesp' }) },
      'chain_id',
      /^fail NetXnHfVqm9iesp instead of NetXdQprcVkpaWU$/,
    ],
    [
      'will change to an unknown protocol',
      { [`GET ${HEAD}/protocols`]: { json: { next_protocol: 'PtUnknown' } } },
      'protocol',
      /^fail unknown: PtUnknown$/,
    ],
    [
      'says nothing of the next protocol',
      { [`GET ${HEAD}/protocols`]: status(401) },
      'protocol',
      /^warn 025-PsUshuai; the next protocol is not known: status 401: access is refused$/,
    ],
    [
      'is not synced',
      { 'GET /chains/main/is_bootstrapped': { json: { bootstrapped: true, sync_state: 'stuck' } } },
      'synced',
      /^fail bootstrapped: yes, state: stuck$/,
    ],
    [
      'has an old head',
      { [`GET ${HEAD}/header`]: header(LEVEL, { timestamp: old }) },
      'head_age',
      /^fail 3600\.\d s old by this clock; four rounds take 42\.0 s$/,
    ],
    [
      'is ahead of this clock',
      {
        [`GET ${HEAD}/header`]: {
          act: (response, request) => {
            const timestamp = new Date(Date.now() + 60_000).toISOString();
            const { json } = header(LEVEL, { timestamp }) as { json: unknown };
            request.resume();
            response.end(JSON.stringify(json));
          },
        },
      },
      'clock',
      /^fail an estimate: the youngest head is (60|59)\.\d s in the future/,
    ],
    [
      'has a Date an hour away',
      {
        [`GET ${HEAD}/header`]: {
          json: (header(LEVEL) as { json: unknown }).json,
          date: new Date(old),
        },
      },
      'clock',
      /^fail .*Date headers say 3(600|599)\.\d s, give or take 0\.\d/,
    ],
    [
      'refuses streams',
      { 'GET /monitor/': status(401), 'POST /injection/operation': status(403) },
      'rpc_allowed',
      /401: access is refused \(stream validated_blocks: \/monitor\/validated_blocks, stream heads: \/monitor\/heads\/main\); status 403: .*injection/,
    ],
    [
      'lost the block that is final',
      { 'GET /chains/main/blocks/998/header': status(404) },
      'heads_agree',
      /^warn block 998: status 404$/m,
    ],
  ])('that %s costs a line', async (_, ill, check, says) => {
    const report = await doctor(...nodeArgs(await fake(nodeScript(ill))));
    expect(outcome(report, check)).toMatch(says);
    if (check === 'node_reachable') {
      expect(report.checks.map(one => one.check)).toEqual(['node_reachable', 'quorum']);
    }
    const remedies = report.checks.filter(({ status: how }) => how !== 'ok');
    for (const { check: name, remedy } of remedies) expect(remedy).toBe(CHECKS[name].remedy);
    expect(report.status).toBe(report.checks.some(one => one.status === 'fail') ? 1 : 0);
  });
});

describe('several nodes', () => {
  test('of which one is behind and one has another block do not agree', async () => {
    const well = [await fake(nodeScript()), await fake(nodeScript())];
    const other = { hash: `BL${'y'.repeat(49)}` };
    const fork = await fake(
      nodeScript({ 'GET /chains/main/blocks/998/header': header(998, other) }),
    );
    const late = await fake(nodeScript({ [`GET ${HEAD}/header`]: header(LEVEL - 3) }));
    const args = [...well, fork, late].flatMap(url => ['--node', url]);
    const report = await doctor('--chain-id', CHAIN, ...args);
    expect(outcome(report, 'heads_agree', 'node3')).toBe(`fail block 998 is ${other.hash} here`);
    expect(outcome(report, 'heads_agree', 'node4')).toBe('fail 3 levels behind (head 997)');
    expect(outcome(report, 'heads_agree', 'nodes')).toMatch(/^ok 2 nodes with block 998/);
    expect(outcome(report, 'quorum')).toBe('fail 2 of 4 pass every check, 3 needed');
    const enough = await doctor('--chain-id', CHAIN, ...args, '--quorum', '2');
    expect(outcome(enough, 'quorum')).toMatch(/^ok/);
  });
});

describe('a key', () => {
  const none: Script = { [`GET ${HEAD}/helpers/validators`]: { json: [] } };
  const other = 'tz1burnburnburnburnburnburnburjAYjjX';

  test.each<[string, Script, keyof typeof CHECKS, RegExp]>([
    ['of nobody', none, 'key_registered', /^fail no delegate, and no rights in the next 64 levels/],
    [
      'that nobody can look up',
      { [`GET ${HEAD}/helpers/validators`]: status(401) },
      'key_registered',
      /^warn .*rights cannot be read \(status 401/,
    ],
    [
      'of a delegate without rights',
      { ...none, [`GET ${HEAD}/context/delegates/${KEY}`]: delegate() },
      'key_rights',
      /^warn none in the next 64 levels$/,
    ],
    [
      'of a delegate that votes with another one',
      {
        ...none,
        [`GET ${HEAD}/context/delegates/${KEY}`]: delegate({
          consensus_key: { active: { pkh: other } },
        }),
      },
      'key_registered',
      new RegExp(`^fail ${KEY} votes with ${other}$`),
    ],
    [
      'that is to be replaced',
      {
        [`GET ${HEAD}/context/delegates/${DELEGATE}`]: delegate({
          consensus_key: { active: { pkh: KEY }, pendings: [{ cycle: 7, pkh: other }] },
        }),
      },
      'key_registered',
      new RegExp(`^warn of ${DELEGATE}, but ${other} votes instead from cycle 7 on$`),
    ],
    [
      'of a delegate that did not vote, and twice',
      {
        [`GET ${HEAD}/context/delegates/${DELEGATE}`]: delegate({
          deactivated: true,
          is_forbidden: true,
        }),
      },
      'delegate_allowed',
      /is deactivated and forbidden$/,
    ],
    [
      'before 024',
      {
        [`GET ${HEAD}/helpers/validators`]: {
          json: [{ level: 1_003, delegate: DELEGATE, consensus_key: KEY, slots: [1] }],
        },
      },
      'key_rights',
      /first at 1003$/,
    ],
  ])('%s is told so', async (_, script, check, says) => {
    const report = await doctor(...nodeArgs(await fake(nodeScript(script))), '--key', KEY);
    expect(outcome(report, check, KEY)).toMatch(says);
  });
});

describe('the command line', () => {
  test.each([
    [[], /--endorser FILE/],
    [['--endorser', '/no/such/file'], /^meridian: --endorser: ENOENT/],
    [['--endorser', 'x', '--node', 'http://a'], /give no addresses/],
    [['--node', 'ftp://a'], /--node: nodes\.0\.url: an http/],
    [['--node', 'http://a', '--key', 'tz1', '--chain-id', 'x'], /--chain-id: [^]*--key: keys\.0/],
    [['--node', 'http://a', '--quorum', 'x'], /--quorum: /],
    [['--node', 'http://a', '--timeout', '0'], /--timeout is/],
    [['--node', 'http://a', '--timeout', '61'], /--timeout is/],
    [['--nonsense'], /nonsense/],
  ])('%j is misused', async (args, says) => {
    const refused = await run(['doctor', ...args]);
    expect([refused.status, refused.output]).toEqual([2, []]);
    expect(refused.notes.join('\n')).toMatch(says);
  });

  test('says each check in a line, a remedy below what is not well, and a sum', async () => {
    const url = await fake(nodeScript({ 'GET /chains/main/is_bootstrapped': status(401) }));
    const { output, status: ended } = await run(['doctor', ...nodeArgs(url)]);
    expect(ended).toBe(0);
    expect(output).toContainEqual(expect.stringMatching(/^warn {2}us {5}synced {10}\/chains/));
    expect(output).toContain(`      remedy: ${CHECKS.synced.remedy}`);
    expect(output.at(-1)).toBe('8 ok, 1 warn, 0 fail');
  });

  test('help and the README list every check of the table', async () => {
    const help = (await run(['doctor', '--help'])).output.join('\n');
    const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
    for (const [name, { holds }] of Object.entries(CHECKS)) {
      expect(help).toContain(holds);
      expect(readme).toMatch(new RegExp(`\\| \`${name}\` +\\| ${holds} +\\|`));
    }
  });
});
