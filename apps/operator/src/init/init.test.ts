import { ENDORSER, readFileOf } from '@meridian/configuration';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lastJson, run } from '../cli.fixtures.ts';
import type { Conversation } from '../conversation.ts';
import { OperatorError } from '../errors.ts';

const CHAIN = 'NetXdQprcVkpaWU';
const OTHER_CHAIN = 'NetXnHfVqm9iesp';
const KEY = 'tz1Ke2h7sDdakHJQh8WX4Z372du1KChsksyU';
const NOBODY = 'http://127.0.0.1:1';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'meridian-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const out = (): string => join(folder, 'region');
const flags = (...more: readonly string[]): readonly string[] => [
  ...['init', '--out', out(), '--node', `us=${NOBODY}`, '--key', KEY],
  ...['--secret-file', join(folder, 'secret'), ...more],
];
const written = (name: 'endorser' | 'signer') => {
  const read = readFileOf(name, readFileSync(join(out(), `${name}.yaml`), 'utf8'), {});
  if (!read.ok) throw new Error(read.error.join('\n'));
  return read.value;
};
const leftovers = (): readonly string[] => readdirSync(folder, { recursive: true }).map(String);

/** Somebody who gives these answers and then goes away; what was asked is noted. */
function person(answers: readonly string[]): { asked: string[]; converse: Conversation } {
  const asked: string[] = [];
  const left = [...answers];
  return {
    asked,
    converse: talk =>
      talk(question => {
        asked.push(question);
        const line = left.shift();
        return line === undefined
          ? Promise.reject(new OperatorError('interrupted', ''))
          : Promise.resolve(line);
      }),
  };
}

/** A node that answers with this to whatever it is asked. */
async function withNode(body: string, act: (url: string) => Promise<void>): Promise<void> {
  const server: Server = createServer((_, response) => response.end(body));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  try {
    await act(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('from flags', () => {
  test('both files are written for their owner alone, and the daemons can read them', async () => {
    const made = await run(flags('--chain-id', CHAIN, '--json'));
    expect(made.status).toBe(0);
    expect(written('endorser')).toEqual(
      ENDORSER.parse({
        chainId: CHAIN,
        nodes: [{ name: 'us', url: NOBODY }],
        signers: ['http://127.0.0.1:6732'],
        keys: [KEY],
      }),
    );
    expect(written('signer')).toMatchObject({
      site: 'home',
      chains: [CHAIN],
      listen: { host: '127.0.0.1', port: 6732 },
      store: join(out(), 'watermark'),
      journal: join(out(), 'journal.sqlite'),
      admin: join(out(), 'admin.sock'),
      keys: [{ name: 'baker', secretFile: join(folder, 'secret') }],
    });
    for (const file of lastJson(made)['files'] as string[]) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
    expect(leftovers().toSorted()).toEqual([
      'region',
      join('region', 'endorser.yaml'),
      join('region', 'signer.yaml'),
    ]);
  });

  test('the signer listens where its address says, or is said to be behind a name', async () => {
    await run(flags('--chain-id', CHAIN, '--signer', 'http://10.1.2.3:7000'));
    expect(written('signer')).toMatchObject({ listen: { host: '10.1.2.3', port: 7000 } });
    const named = await run(
      flags('--chain-id', CHAIN, '--signer', 'https://signer.example.org', '--force'),
    );
    expect(written('signer')).toMatchObject({ listen: { host: '127.0.0.1', port: 6732 } });
    expect(named.output.join('\n')).toMatch(/set listen to where the signer is to listen/);
  });

  test('a secret that others can read is named, and not opened', async () => {
    writeFileSync(join(folder, 'secret'), 'not a secret', { mode: 0o644 });
    const made = await run(flags('--chain-id', CHAIN));
    expect(made.output.join('\n')).toMatch(/secret is readable by others.*chmod 600/);
  });

  test('the store and its journal lie where the flags say, and it is said when that is one volume', async () => {
    const [store, journal] = [join(folder, 'marks'), join(folder, 'no/journal.sqlite')];
    const flag = ['--store', store, '--journal'];
    const apart = await run(flags('--chain-id', CHAIN, ...flag, journal));
    expect(written('signer')).toMatchObject({ store, journal });
    expect(apart.output.join('\n')).toMatch(/no: make this folder for --journal/);
    expect(apart.output.join('\n')).not.toMatch(/one volume/);
    const together = await run(flags('--chain-id', CHAIN, ...flag, join(folder, 'j'), '--force'));
    expect(together.output.join('\n')).toMatch(/store and journal lie on one volume/);
  });

  test('what comes next can be typed as it stands', async () => {
    const made = await run(flags('--chain-id', CHAIN, '--json'));
    const next = lastJson(made)['next'] as string[];
    const npx = 'npx --no -- meridian';
    const [endorser, signer] = ['endorser', 'signer'].map(name => join(out(), `${name}.yaml`));
    expect(next.slice(2)).toEqual([
      `${npx}-signer --config ${signer}`,
      `${npx}-signer watermark init --first-use --key ${KEY} --by "$(id -un)" --config ${signer} --node ${NOBODY}`,
      `${npx}-endorser --config ${endorser}`,
      `${npx} doctor --endorser ${endorser}`,
    ]);
    expect(next.filter(command => command.endsWith('--check-config'))).toHaveLength(2);
  });
});

describe('the chain id', () => {
  test('is taken from the nodes', async () => {
    await withNode(JSON.stringify({ chain_id: CHAIN }), async url => {
      expect((await run(flags('--node', `ie=${url}`))).status).toBe(0);
      expect(written('endorser')).toMatchObject({ chainId: CHAIN });
    });
  });

  test('is asked for when nodes disagree', async () => {
    await withNode(JSON.stringify({ chain_id: CHAIN }), url =>
      withNode(JSON.stringify({ chain_id: OTHER_CHAIN }), async other => {
        const refused = await run(flags('--node', `ie=${url}`, '--node', `de=${other}`));
        expect(refused.status).toBe(2);
        expect(refused.notes.join('\n')).toMatch(
          new RegExp(`--chain-id: nodes disagree.*ie is on ${CHAIN}; de is on ${OTHER_CHAIN}`),
        );
      }),
    );
  });

  test.each([
    ['rubbish', '\u001b[31m{'],
    ['an endless answer', '['.repeat(300 * 1024)],
    ['another kind of value', '{"chain_id":7}'],
  ])('is not taken from %s', async (_, body) => {
    await withNode(body, async url => {
      const refused = await run(flags('--node', `ie=${url}`));
      expect(refused.status).toBe(2);
      expect(refused.notes.join('\n')).toMatch(/^meridian: --chain-id: no node says/);
      expect(refused.notes.join('')).not.toContain('\u001b');
      expect(leftovers()).toEqual([]);
    });
  });
});

describe('nothing is written when', () => {
  test('flags are missing: all are named at once', async () => {
    const refused = await run(['init', '--out', out()]);
    expect(refused.status).toBe(2);
    expect(refused.notes[0]).toMatch(/--node NAME=URL, --key ADDRESS, --secret-file FILE/);
    expect(leftovers()).toEqual([]);
  });

  test.each([
    ['--chain-id', ['--chain-id', 'mainnet']],
    ['--node', ['--chain-id', CHAIN, '--node', 'ie=ftp://x']],
    ['--node', ['--chain-id', CHAIN, '--node', `us=${NOBODY}`]],
    ['--signer', ['--chain-id', CHAIN, '--signer', 'signer:6732']],
    ['--key', ['--chain-id', CHAIN, '--key', 'edsk3x', '--secret-file', 'second']],
    ['--secret-file', ['--chain-id', CHAIN, '--key', KEY]],
    ['--secret-file', ['--chain-id', CHAIN, '--secret-file', 'second']],
    ['--store', ['--chain-id', CHAIN, '--store']],
    ['--journal', ['--chain-id', CHAIN, '--journal']],
  ])('%s is wrong, and the line says so', async (flag, more) => {
    const refused = await run(flags(...more));
    expect(refused.status).toBe(2);
    expect(refused.notes.join('\n')).toContain(flag);
    expect(leftovers()).toEqual([]);
  });

  test('one of the files is there already; --force replaces both', async () => {
    mkdirSync(out());
    writeFileSync(join(out(), 'signer.yaml'), 'mine');
    const refused = await run(flags('--chain-id', CHAIN));
    expect(refused.status).toBe(2);
    expect(refused.notes[0]).toMatch(/--out: .*signer\.yaml is there already; --force/);
    expect(readdirSync(out())).toEqual(['signer.yaml']);
    expect(readFileSync(join(out(), 'signer.yaml'), 'utf8')).toBe('mine');
    expect((await run(flags('--chain-id', CHAIN, '--force'))).status).toBe(0);
    expect(readdirSync(out()).sort()).toEqual(['endorser.yaml', 'signer.yaml']);
    expect(written('signer')).toMatchObject({ chains: [CHAIN] });
  });

  test('--force meets what is no file: the other one is as it was', async () => {
    mkdirSync(join(out(), 'signer.yaml'), { recursive: true });
    writeFileSync(join(out(), 'endorser.yaml'), 'mine');
    const refused = await run(flags('--chain-id', CHAIN, '--force'));
    expect(refused.status).toBe(2);
    expect(refused.notes[0]).toMatch(/--out: .*signer\.yaml is no file/);
    expect(readFileSync(join(out(), 'endorser.yaml'), 'utf8')).toBe('mine');
    expect(readdirSync(out()).sort()).toEqual(['endorser.yaml', 'signer.yaml']);
  });

  test('the folder is a file', async () => {
    writeFileSync(out(), 'mine');
    const refused = await run(flags('--chain-id', CHAIN));
    expect([refused.status, readFileSync(out(), 'utf8')]).toEqual([2, 'mine']);
    expect(refused.notes[0]).toMatch(/^meridian: --out: /);
  });
});

describe('from questions', () => {
  const answers = (url: string): readonly string[] => [
    ...[out(), '', `us=${url}`, '', '', KEY, '', join(folder, 'secret'), '', '', '', ''],
  ];

  test('only what no flag says is asked for, with its default', async () => {
    await withNode(JSON.stringify({ chain_id: CHAIN }), async url => {
      const { asked, converse } = person(answers(url));
      expect((await run(['init'], '', converse)).status).toBe(0);
      expect(asked).toHaveLength(12);
      expect(asked).toContain(`Chain id [${CHAIN}]: `);
      expect(written('endorser')).toMatchObject({
        nodes: [{ name: 'us', url }],
        chainId: CHAIN,
        keys: [KEY],
      });
      const again = person(['', '', '', '', 'y']);
      const more = flags('--chain-id', CHAIN, '--force');
      expect((await run(more, '', again.converse)).status).toBe(0);
      expect(again.asked).toHaveLength(5);
    });
  });

  test('an answer that cannot be taken is asked for again, and why', async () => {
    const { asked, converse } = person([
      ...[
        out(),
        'No Site',
        '',
        'nonsense',
        NOBODY,
        `node1=${NOBODY}`,
        '',
        'NetX',
        CHAIN,
        '',
        KEY,
        '',
      ],
      ...['', join(folder, 'secret'), '', '', '', ''],
    ]);
    const made = await run(['init'], '', converse);
    expect(made.status).toBe(0);
    expect(asked).toHaveLength(18);
    expect(made.notes.join('\n')).toMatch(
      /short name[^]*http or https[^]*name of its own[^]*no node says[^]*chain id such as[^]*answer is needed/,
    );
  });

  test.each([
    ['who says no', ['', '', '', '', 'n'], 1],
    ['who breaks off', [''], 130],
  ])('%s gets nothing', async (_, said, status) => {
    const { converse } = person(said);
    const ended = await run(flags('--chain-id', CHAIN), '', converse);
    expect(ended.status).toBe(status);
    expect(leftovers()).toEqual([]);
  });

  test.each(['--yes', '--json'])('%s asks nothing', async quiet => {
    const { asked, converse } = person([]);
    const made = await run(flags('--chain-id', CHAIN, quiet), '', converse);
    expect([made.status, asked]).toEqual([0, []]);
  });
});
