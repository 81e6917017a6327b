import { expect, test } from 'vitest';
import { vectors } from '../../vectors/load.ts';
import { parseCaseFile } from './case-file.ts';
import { startFake } from './fake-signer.ts';
import { adapted, PROFILES, whySkipped } from './profiles.ts';
import { runAgainst } from './run-file.ts';

const read = parseCaseFile(vectors('signer_cases'));
if (!read.ok) throw new Error(read.error);
const file = read.value;
const named = (id: string) => {
  const found = file.cases.find(one => one.id === id);
  if (found === undefined) throw new Error(`there is no case ${id}`);
  return found;
};

test('what needs setting up is not run against a signer of somebody else, and why', () => {
  const why = (id: string) => whySkipped(named(id), PROFILES.octez);
  expect(why('S01')).toBeUndefined();
  expect(why('S29')).toBeUndefined();
  expect(why('S02')).toContain('authentication');
  expect(why('S12')).toContain('listed');
  expect(why('S14')).toContain('proved');
  expect(why('S17')).toContain('fresh floor');
  expect(why('S55')).toContain('beyond every level');
  expect(why('S93')).toContain('without a row');
  expect(why('S105')).toContain('at once');
  expect(why('S113')).toContain('fault');
  expect(why('S125')).toContain('health');
});

test('statuses are those of the signer, and traces are asked for where it gives some', () => {
  const [conflict] = adapted(named('S66'), PROFILES.octez).steps ?? [];
  expect(conflict?.expect.status).toEqual([400, 500]);
  expect(conflict?.expect.trace).toBeUndefined();
  const [refused] = adapted(named('S11'), PROFILES.octez).steps ?? [];
  expect(refused?.expect.status).toEqual([500, 404]);
  expect(adapted(named('S66'), PROFILES.meridian)).toEqual(named('S66'));
});

test('every case that a profile names is one of the shared file', () => {
  const ids = new Set(file.cases.map(({ id }) => id));
  for (const { skips, failures } of Object.values(PROFILES))
    for (const id of [...Object.keys(skips), ...Object.keys(failures)]) expect(ids).toContain(id);
});

test('a report tells what passed, failed, was skipped, and failed as was foreseen', async () => {
  const fake = await startFake(file, 'signs_nothing');
  const cases = ['S01', 'S07', 'S08', 'S113', 'S26'].map(named);
  try {
    const [url = ''] = fake.urls();
    const report = await runAgainst({ ...file, cases }, url, PROFILES.octez, () => undefined);
    expect(report).toMatchObject({ cases: 5, passed: 3, failed: [] });
    expect(report.skipped.map(({ id }) => id)).toEqual(['S113']);
    expect(report.expected.map(({ id }) => id)).toEqual(['S08']);
    const own = await runAgainst({ ...file, cases }, url, PROFILES.meridian, () => undefined);
    expect(own.failed.map(({ id }) => id)).toEqual(['S08']);
  } finally {
    await fake.close();
  }
});
