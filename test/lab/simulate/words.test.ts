import { FAULTS } from '@meridian/simulation';
import { expect, test } from 'vitest';
import { commandOf, readWords } from './words.ts';

test('the command of a failure says all that is needed to run it again', () => {
  const line = ['--seed', '7', '--keys', '3', '--curves', 'tz4,tz1', '--protocol', '024'];
  for (const faults of ['all', 'none', 'lying,lost']) {
    const first = readWords([...line, '--faults', faults]);
    if (!first.ok || first.value === 'help') throw new Error('is a simulation');
    const command = commandOf(first.value.simulation);
    const again = readWords(command.replace('npm run simulate -- ', '').split(' '));
    expect(again).toEqual({ ok: true, value: { ...first.value, json: true } });
  }
});

test('without words all faults strike one tz1 key for a hundred levels', () => {
  expect(readWords([])).toEqual({
    ok: true,
    value: {
      json: false,
      simulation: {
        ...{ seed: 1, levels: 100, keys: 1, curves: ['tz1'], protocol: '025' },
        faults: new Set(Object.keys(FAULTS)),
      },
    },
  });
});

test.each([
  [['--levels', '0'], '--levels is a whole number from 1'],
  [['--seed=-1'], '--seed is a whole number from 0'],
  [['--keys', '501'], '--keys is a whole number from 1 to 500'],
  [['--curves', 'tz1,tz5'], '--curves knows tz1, tz2, tz3, tz4, not "tz5"'],
  [['--protocol', '022'], '--protocol knows 023, 024, 025, alpha, not "022"'],
  [['--faults', 'storm'], '--faults knows missed-rounds,'],
  [['--storm'], "Unknown option '--storm'"],
  [['storm'], "Unexpected argument 'storm'"],
])('what cannot be is refused by the name of its option: %s', (args, message) => {
  const read = readWords(args);
  expect(read.ok ? '' : read.error).toContain(message);
});
