import { configurationKeys, type z } from '@meridian/service/schema';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  commentedFile,
  CONFIGURATIONS,
  ENDORSER,
  readFileOf,
  readPartOfEndorser,
  SIGNER,
} from './index.ts';

const CHAIN = 'NetXdQprcVkpaWU';
const PROTOCOL = 'PsUshuai9QapM5TGj1JpuVGkdxz5GykdnEvS6Rh8SUVrARvZLCY';
const KEY = 'tz1Ke2h7sDdakHJQh8WX4Z372du1KChsksyU';
const endorser = {
  chainId: CHAIN,
  nodes: [
    { name: 'node1', url: 'http://localhost:8732' },
    { name: 'node2', url: 'https://node.example.org/mainnet' },
  ],
  signers: ['http://127.0.0.1:6732'],
  keys: [KEY],
};
const signer = {
  site: 'us',
  chains: [CHAIN],
  listen: { port: 7000 },
  store: '/var/lib/meridian/watermark',
  journal: '/mnt/journal/meridian.sqlite',
  keys: [
    {
      name: 'baker',
      secretFile: '/etc/meridian/secret',
      passwordFile: 'C:\\pass #1: "x"',
      role: 'consensus',
    },
  ],
};

describe.each([
  ['endorser', ENDORSER, endorser],
  ['signer', SIGNER, signer],
] as const)('the file of %s', (app, schema: z.ZodObject, values) => {
  const text = commentedFile(app, values);

  test('says what it was made of, and nothing else', () => {
    expect(readFileOf(app, text, {})).toEqual({ ok: true, value: schema.parse(values) });
  });

  test('has every key of the table with its description and its variable', () => {
    // Lines of a comment are joined again.
    const prose = text.replaceAll(/\n *(?:# +)+/g, ' ');
    for (const { description, variable } of configurationKeys(app, schema)) {
      expect(description).not.toBe('');
      expect(prose).toContain(`${description} (${variable})`);
    }
  });

  test('means the same when its defaults are no comments any more', () => {
    const open = text
      .split('\n')
      .map(line => line.replace(/^( *)# ( *\w+:(?: \S+)?)$/, '$1$2'))
      .join('\n');
    expect(open).toMatch(/^logLevel: info$/m);
    const read = readFileOf(
      app,
      open.replaceAll(
        /^(?:quorum|protocols|record|socket|admin|audit|identity|database):$(?:\n[ #].*)*/gm,
        '',
      ),
      {},
    );
    expect(read).toEqual({ ok: true, value: schema.parse(values) });
  });
});

test('any text survives the way into a file and back', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'binary' }), store => {
      const read = readFileOf('signer', commentedFile('signer', { ...signer, store }), {});
      expect(read.ok && read.value.store).toBe(store);
    }),
  );
});

describe('what a daemon is told is refused when', () => {
  test.each([
    ['a chain id has a slip', { chainId: 'NetXdQprcVkpaWV' }, 'chainId: a chain id such as'],
    ['a key has a slip', { keys: ['tz1Ke2h7sDdakHJQh8WX4Z372du1KChsksyV'] }, 'keys.0: an address'],
    ['a secret key stands for a key', { keys: ['edsk3x'] }, 'keys.0: an address'],
    ['a protocol has a slip', { protocols: { PsUshuai: '025' } }, 'protocols.PsUshuai: the hash'],
    ['a protocol equals none that is known', { protocols: { [PROTOCOL]: '026' } }, 'protocols.'],
    ['two nodes share a name', { nodes: [endorser.nodes[0], endorser.nodes[0]] }, 'nodes: each'],
  ])('%s', (_, change, says) => {
    const read = readFileOf('endorser', JSON.stringify({ ...endorser, ...change }), {});
    expect(read.ok ? [] : read.error).toEqual([expect.stringContaining(says)]);
  });
});

test('a part of an endorser is judged by the same rules', () => {
  const part = { nodes: endorser.nodes };
  expect(readPartOfEndorser(part)).toMatchObject({ ok: true, value: part });
  expect(readPartOfEndorser({ keys: ['tz1'] })).toMatchObject({
    ok: false,
    error: [expect.stringContaining('keys.0: an address')],
  });
});

test('every table is that of the daemon of its name', () => {
  expect(CONFIGURATIONS).toEqual({ endorser: ENDORSER, signer: SIGNER });
});
