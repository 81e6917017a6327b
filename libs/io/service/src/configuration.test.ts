import { describe, expect, test } from 'vitest';
import { configurationKeys, httpUrl, listenAddress, readConfiguration, z } from './index.ts';

const schema = z.strictObject({
  name: z.string().min(1).meta({ description: 'A name.' }),
  levels: z.int().min(1).default(5).meta({ description: 'How many.' }),
  listen: listenAddress(80),
  nodes: z
    .array(z.strictObject({ url: httpUrl }))
    .min(1)
    .meta({ description: 'Nodes.' }),
});
const good = 'name: us\nnodes: [{ url: "http://localhost:1" }]\n';
const read = (text: string, env = {}) => readConfiguration({ app: 'signer', schema, text, env });

test('defaults are filled in', () => {
  expect(read(good)).toEqual({
    ok: true,
    value: {
      name: 'us',
      levels: 5,
      listen: { host: '127.0.0.1', port: 80 },
      nodes: [{ url: 'http://localhost:1' }],
    },
  });
});

test('five mistakes are five lines, each with its path', () => {
  const text = 'nmae: us\nlevels: many\nlisten: { port: 99999 }\nnodes: [{ url: "ftp://x" }]\n';
  const outcome = read(text);
  const lines = outcome.ok ? [] : outcome.error;
  expect(lines.map(line => line.split(':')[0]).sort()).toEqual([
    'levels',
    'listen.port',
    'name',
    'nmae',
    'nodes.0.url',
  ]);
});

test('a key that is missing is called so', () => {
  expect(read('name: us\n')).toEqual({ ok: false, error: ['nodes: is missing'] });
});

describe('the environment', () => {
  test('stands above the file, for every key', () => {
    const env = {
      MERIDIAN_SIGNER_NAME: 'ie',
      MERIDIAN_SIGNER_LISTEN_PORT: '81',
      MERIDIAN_SIGNER_NODES: '[{url: "http://a"}]',
      OTHER: 'x',
    };
    expect(read(good, env)).toMatchObject({
      ok: true,
      value: { name: 'ie', listen: { port: 81 }, nodes: [{ url: 'http://a' }] },
    });
  });

  test('with a name that means nothing is a mistake', () => {
    expect(read(good, { MERIDIAN_SIGNER_NMAE: 'ie' })).toEqual({
      ok: false,
      error: ['MERIDIAN_SIGNER_NMAE: no key has this name'],
    });
  });
});

test('what is no YAML, or no table, says where', () => {
  expect(read('name: [')).toMatchObject({ ok: false, error: [expect.stringMatching(/line 1/)] });
  expect(read('- a')).toEqual({ ok: false, error: ['the file: a table of keys is expected'] });
});

test('every key is listed with its variable, default and meaning', () => {
  expect(configurationKeys('signer', schema)).toEqual([
    {
      path: 'name',
      variable: 'MERIDIAN_SIGNER_NAME',
      description: 'A name.',
      byDefault: undefined,
    },
    {
      path: 'levels',
      variable: 'MERIDIAN_SIGNER_LEVELS',
      description: 'How many.',
      byDefault: '5',
    },
    {
      path: 'listen.host',
      variable: 'MERIDIAN_SIGNER_LISTEN_HOST',
      description: 'Address to listen on.',
      byDefault: '"127.0.0.1"',
    },
    {
      path: 'listen.port',
      variable: 'MERIDIAN_SIGNER_LISTEN_PORT',
      description: 'Port; 0 takes a free one.',
      byDefault: '80',
    },
    {
      path: 'nodes',
      variable: 'MERIDIAN_SIGNER_NODES',
      description: 'Nodes.',
      byDefault: undefined,
    },
  ]);
});
