import { expect, test } from 'vitest';
import { vectors } from '../../vectors/load.ts';
import { parseCaseFile } from './case-file.ts';
import { recognise } from './faults.ts';

test.each([
  ['db accepts, never answers', 'database_hangs'],
  ['the database accepts connections and never answers', 'database_hangs'],
  ['store hangs', 'database_hangs'],
  ['proxy drops the connection after COMMIT reached the db', 'answer_lost'],
  ['the reply to the commit is lost', 'answer_lost'],
  ['connection cut after commit', 'answer_lost'],
  ['vault returns error once', 'vault_fails'],
  ['the vault fails one time', 'vault_fails'],
  ['SIGKILL after commit, restart', 'killed_after_commit'],
  ['kill -9 between commit and reply', 'killed_after_commit'],
  ['kill between vault reply and signature write, restart, same request', 'killed_before_seal'],
  ['SIGKILL after the vault signed, before the signature is stored', 'killed_before_seal'],
  ['ENOSPC on WAL append', 'disk_full'],
  ['disk full while the store appends', 'disk_full'],
  ['SIGTERM with 20 requests in flight', 'told_to_end'],
  ['shutdown while 5 requests are under way', 'told_to_end'],
])('"%s" is %s', (text, name) => {
  const recognised = recognise(text);
  expect(recognised.ok && recognised.value.name).toBe(name);
});

test('every fault of the shared file is recognised', () => {
  const read = parseCaseFile(vectors('signer_cases'));
  const texts = read.ok ? read.value.cases.flatMap(({ fault }) => fault ?? []) : [];
  expect(texts).toHaveLength(8);
  for (const text of texts) expect(recognise(text)).toMatchObject({ ok: true });
});

test('the words say how many requests there are, and whether they are asked again', () => {
  expect(recognise('SIGTERM with 7 requests in flight')).toMatchObject({ value: { requests: 7 } });
  expect(recognise('SIGKILL after commit, restart')).toMatchObject({ value: { asksAgain: false } });
  expect(recognise('SIGKILL after commit, restart, same request')).toMatchObject({
    value: { asksAgain: true },
  });
});

test.each(['the moon falls', '', 'SIGTERM as the disk is full'])(
  'what is not one fault is an error that says so: "%s"',
  text => {
    const recognised = recognise(text);
    expect(!recognised.ok && recognised.error).toMatch(/not recognised|both/);
  },
);
