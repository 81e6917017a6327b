import { expect, test } from 'vitest';
import { fileURLToPath } from 'node:url';
import { readWords } from './words.ts';

const CASES = ['--cases', fileURLToPath(import.meta.url)];

test('a command line says what is run against what', () => {
  expect(readWords(['--help'])).toEqual({ ok: true, value: 'help' });
  expect(readWords([...CASES, '--json'])).toMatchObject({
    value: { json: true, only: [], against: { store: 'sqlite', replicas: undefined } },
  });
  expect(readWords([...CASES, '--store', 'postgres', '--replicas', '3'])).toMatchObject({
    value: { against: { store: 'postgres', replicas: 3 } },
  });
  expect(readWords([...CASES, '--only', 'S01', 'S02,S03', '--only', 'S04'])).toMatchObject({
    value: { only: ['S01', 'S04', 'S02', 'S03'] },
  });
  expect(readWords([...CASES, '--url', 'http://a:1', '--profile', 'octez'])).toMatchObject({
    value: { against: { url: 'http://a:1', profile: 'octez' } },
  });
});

test.each([
  [['--cases', 'nowhere.json'], '--cases'],
  [[...CASES, '--store', 'oracle'], '--store'],
  [[...CASES, '--replicas', '2'], '--replicas'],
  [[...CASES, '--store', 'postgres', '--replicas', 'two'], '--replicas'],
  [[...CASES, '--profile', 'octez'], '--profile'],
  [[...CASES, '--url', 'http://a', '--profile', 'web3signer'], '--profile'],
  [[...CASES, '--url', 'tcp://a'], '--url'],
  [[...CASES, '--url', 'http://a', '--store', 'sqlite'], '--store'],
  [[...CASES, 'S01'], 'S01'],
  [[...CASES, '--fast'], '--fast'],
])('%j is misused, and the error names what', (args, named) => {
  const wanted = readWords(args);
  expect(!wanted.ok && wanted.error).toContain(named);
});
