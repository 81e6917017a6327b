import { afterEach, describe, expect, test } from 'vitest';
import { lastJson, run } from '../cli.fixtures.ts';
import {
  CHAIN,
  KEY,
  nodeScript,
  startFake,
  status,
  type Fake,
  type Script,
} from '../doctor/fixtures.ts';

const fakes: Fake[] = [];
afterEach(async () => {
  await Promise.all(fakes.splice(0).map(fake => fake.close()));
});

async function node(more: Script = {}): Promise<string> {
  const fake = await startFake(nodeScript(more));
  fakes.push(fake);
  return fake.url;
}

const KEYS = '/chains/main/blocks/head/context/delegates';
const DOWN = 'http://127.0.0.1:1';

describe('a command line', () => {
  test.each([
    ['without a node', ['--delegate', KEY], /missing: --node/],
    ['without a delegate', ['--node', DOWN], /missing: --delegate/],
    ['with a bad address of a node', ['--node', 'ftp://x', '--delegate', KEY], /--node: /],
    [
      'with the same node name twice',
      ['--node', `a=${DOWN}`, `a=${DOWN}`, '--delegate', KEY],
      /--node: /,
    ],
    ['with a bad delegate', ['--node', DOWN, '--delegate', `${KEY}x`], /--delegate: /],
    ['with a bad key', ['--node', DOWN, '--delegate', KEY, '--key', 'tz1'], /--key: /],
    ['with too high a quorum', ['--node', DOWN, '--delegate', KEY, '--quorum', '2'], /--quorum: /],
    ['with no levels', ['--node', DOWN, '--delegate', KEY, '--levels', '0'], /--levels: /],
  ])('%s is misused, and the flag is named', async (_, args, why) => {
    const { status: code, notes } = await run(['shadow', ...args]);
    expect(code).toBe(2);
    expect(notes.join('\n')).toMatch(why);
  });

  test('says in its help that nothing is signed, and what every outcome means', async () => {
    const { output } = await run(['shadow', '--help']);
    const text = output.join('\n');
    for (const words of ['has no key', 'nothing but GET', 'lost_by_chain', 'Exit status']) {
      expect(text).toContain(words);
    }
  });
});

describe('before it begins', () => {
  test('too few nodes that say the same end it, with what each of them said', async () => {
    const [one, other] = [
      await node(),
      await node({ 'GET /chains/main/blocks/head/header': status(403) }),
    ];
    const nodes = ['--node', `one=${one}`, `other=${other}`, `away=${DOWN}`];
    const ended = await run(['shadow', ...nodes, '--delegate', KEY, '--json']);
    expect(ended.status).toBe(1);
    expect(lastJson(ended)).toMatchObject({ error: { code: 'unreachable' } });
    const said = ended.notes.join('\n');
    expect(said).toContain('2 of 3 nodes have to agree on which chain they follow');
    expect(said).toContain(`one: "${CHAIN}"`);
    expect(said).toMatch(/other: .*403/);
    expect(said).toContain('away: ');
  });

  test('a delegate that the nodes do not know is named, with what to do', async () => {
    const ended = await run(['shadow', '--node', await node(), '--delegate', KEY]);
    expect(ended.status).toBe(1);
    expect(ended.notes.join('\n')).toMatch(
      new RegExp(`consensus key ${KEY} has \\(--delegate; --key`),
    );
  });

  test('keys that are pending are votes of the delegate, too, and one liar does not tell which', async () => {
    const pending = 'tz4DVct2FeSLnWCWqN1FpiNrsdt4cTFhaAxD';
    const says = (...keys: readonly string[]): Script => {
      const [active, ...pendings] = keys.map(pkh => ({ pkh }));
      return { [`GET ${KEYS}/${KEY}/consensus_key`]: { json: { active, pendings } } };
    };
    const honest = says(KEY, pending);
    const urls = [await node(honest), await node(honest), await node(says(pending))];
    const stop = (end: () => void): (() => void) => {
      end();
      return () => undefined;
    };
    const args = ['shadow', ...urls.flatMap(url => ['--node', url]), '--delegate', KEY];
    const { output, status: code } = await run(args, '', undefined, stop);
    expect(output).toContain(`consensus keys: ${pending}`);
    // Stopped before anything could be compared.
    expect(output.join('\n')).toContain('0 levels, 0 rights');
    expect(code).toBe(1);
  });
});
