import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { instant } from '@meridian/prelude';
import { publicKeyOf, secretKeyOfSeed } from '@meridian/tezos/crypto';
import { createChain } from '@meridian/sandbox-chain';
import { wordsOf } from './faults.ts';
import { json } from './http-fixture.ts';
import { readWords } from './options.ts';
import { startSandbox, type Sandbox } from './sandbox.ts';
import { readScenario } from './scenario.ts';
import { voteOnEverything } from './voter-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'meridian-scenario-'));
const file = join(folder, 'scenario.yaml');
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function read(text: string): ReturnType<typeof readScenario> {
  writeFileSync(file, text);
  return readScenario(file);
}

function problemsOf(text: string): readonly string[] {
  try {
    read(text);
  } catch (error) {
    return (error as Error).message.replaceAll(`--scenario ${file}: `, '').split('\n');
  }
  return [];
}

describe('a scenario', () => {
  test('has faults by seconds or levels, trouble by levels, and protocols', () => {
    const scenario = read(`
      faults:
        - { node: node2, fault: slow, from: 1.5, until: 4 }
        - { node: node3, fault: lying, about: rights, fromLevel: 4, untilLevel: 6 }
        - { node: node1, fault: refuse }
      troubles: [{ level: 5, trouble: missed-round }, { level: 7, trouble: left-out, guest: 2 }]
      activations: [{ level: 9, protocol: "025" }]
    `);
    expect(scenario.faults).toEqual([
      {
        node: 'node2',
        ailment: { fault: 'slow', ms: 2_000 },
        from: { ms: 1_500 },
        until: { ms: 4_000 },
      },
      {
        ...{ node: 'node3', ailment: { fault: 'lying', about: 'rights' } },
        ...{ from: { level: 4 }, until: { level: 6 } },
      },
      { node: 'node1', ailment: { fault: 'refuse' }, from: { ms: 0 }, until: null },
    ]);
    expect(scenario.troubles).toEqual([
      { level: 5, kind: 'missed_rounds', rounds: 1 },
      { level: 7, kind: 'left_out', guest: 2 },
    ]);
    expect(scenario.activations).toMatchObject([{ level: 9, protocol: { number: '025' } }]);
  });

  test('may be JSON, or empty', () => {
    expect(read('{"troubles":[{"level":3,"trouble":"reorg"}]}').troubles).toEqual([
      { level: 3, kind: 'reorganisation' },
    ]);
    expect(read('')).toEqual({ faults: [], troubles: [], activations: [] });
  });

  test('tells all its problems at once, each with its field', () => {
    const problems = problemsOf(`
      fault: []
      faults:
        - { node: node1, fault: sick }
        - { node: node1, fault: slow, ms: soon }
        - { node: node1, fault: refuse, ms: 5 }
        - { node: node1, fault: refuse, from: 5, until: 5 }
        - { node: node1, fault: refuse, from: 5, fromLevel: 5 }
        - { node: node1, fault: refuse, fromLevel: 5, untilLevel: 4 }
      troubles:
        - { level: 1, trouble: reorg }
        - { level: 4, trouble: left-out }
        - { level: 4, trouble: storm }
      activations: [{ level: 9, protocol: 025 }]
    `);
    const named = problems.map(line => line.split(': ')[0]);
    expect(named.toSorted()).toEqual(
      [
        ...['fault', 'faults.0.fault', 'faults.1.ms', 'faults.2.ms', 'faults.3.until'],
        ...['faults.4.fromLevel', 'faults.5.untilLevel'],
        ...['troubles.0.level', 'troubles.1.guest', 'troubles.2.trouble', 'activations.0.protocol'],
      ].toSorted(),
    );
    const text = problems.join('\n');
    expect(text).toContain('faults.0.fault: is one of refuse, blackhole');
    expect(text).toContain('troubles.2.trouble: is one of missed-round');
    expect(text).toContain('activations.0.protocol: is one of 023, 024, 025, alpha, in quotes');
  });

  test('that is not there or no YAML is refused by its name', () => {
    expect(() => readScenario('/nowhere')).toThrow('--scenario /nowhere cannot be read (ENOENT)');
    expect(problemsOf('faults: [')[0]).toMatch(/line 1/);
  });
});

const EXAMPLES = join(import.meta.dirname, '../../../examples/scenarios');
/** Blocks of a second, some of them after several rounds. */
const LONG_MS = 90_000;
const LEVELS = 10;

type Played = { readonly sandbox: Sandbox; readonly at: (level: number, what: string) => unknown };

/** What each example has to have done once the chain is at level 10. */
const DONE: Readonly<Record<string, (played: Played) => unknown>> = {
  'nodes.yaml': ({ sandbox: { nodes } }) => {
    const conditions = nodes.map(({ condition }) => wordsOf(condition()));
    expect(conditions).toEqual(['truncated', 'lying:rights', 'clock:-1500', 'ok', 'ok']);
  },
  'rounds.yaml': async ({ at }) => {
    const rounds = await Promise.all([3, 5, 6, 7].map(level => at(level, 'helpers/round')));
    const [missed = 0, locked = 0, fresh = 0, replaced = 0] = rounds as readonly number[];
    expect(missed).toBeGreaterThanOrEqual(2);
    expect(locked).toBeGreaterThanOrEqual(1);
    expect(fresh).toBeGreaterThanOrEqual(1);
    expect(replaced).toBe(0);
  },
  'forbidden.yaml': ({ sandbox }) => {
    const { rights, attested, doubleSigns } = sandbox.summary();
    // The clock is a real one: a busy machine may lose a vote besides.
    expect(rights - attested).toBeGreaterThanOrEqual(3);
    expect(doubleSigns).toBe(0);
  },
  'migration.yaml': async ({ at, sandbox: { nodes } }) => {
    expect(await at(5, 'protocols')).toMatchObject({
      protocol: expect.stringMatching(/^PtTALLiN/) as string,
      next_protocol: expect.stringMatching(/^PsUshuai/) as string,
    });
    expect(await at(6, 'header')).toMatchObject({ proto: 2 });
    expect(nodes.every(({ condition }) => condition().fault === 'ok')).toBe(true);
  },
};

test('every example is played', () => {
  expect(readdirSync(EXAMPLES).toSorted()).toEqual(Object.keys(DONE).toSorted());
});

test.concurrent.each(Object.keys(DONE))(
  'examples/scenarios/%s does what it says, and the chain goes on',
  async name => {
    const secret = secretKeyOfSeed('tz1', new Uint8Array(32).fill(5));
    const { chain, sandbox: options } = readWords(
      {
        ...{ nodes: '5', blockTime: '1', startIn: '1', guest: [`${publicKeyOf(secret)}:60`] },
        ...{ robotStake: '100', protocol: name === 'migration.yaml' ? '024' : '025', seed: '1' },
        ...{ fault: [], script: [], activate: [], scenario: join(EXAMPLES, name) },
        ...{ controlPort: '0', portBase: '0', readyFd: '1', allBakersAttest: true },
      },
      instant(Date.now()),
    );
    const sandbox = await startSandbox(createChain(chain), options);
    const url = sandbox.nodes[4]?.url ?? '';
    const stop = await voteOnEverything(url, secret);
    try {
      await expect
        .poll(() => sandbox.summary().levels, { timeout: LONG_MS, interval: 200 })
        .toBeGreaterThanOrEqual(LEVELS);
      const at = (level: number, what: string): Promise<unknown> =>
        json(`${url}/chains/main/blocks/${level.toString()}/${what}`);
      await DONE[name]?.({ sandbox, at });
    } finally {
      stop();
      await sandbox.close();
    }
  },
  LONG_MS,
);
