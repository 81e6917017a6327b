import { duration, instant, manualClock } from '@meridian/prelude';
import { describe, expect, test } from 'vitest';
import { failure, type InjectionOutcome } from './injection-outcome.ts';
import { injectUntilTaken, newRests } from './reinjection.ts';

const BEHIND = failure('behind', 'Unknown branch');
const KNOWN: InjectionOutcome = { ok: true, class: 'known', hash: 'oo' };
const START = instant(1_000_000);

/** Injects in virtual time into a node that answers so; the last answer is repeated. */
async function injected(answers: readonly InjectionOutcome[], untilMs?: number) {
  const { now, advance } = manualClock(START);
  const triedAt: number[] = [];
  const told: string[] = [];
  const outcome = await injectUntilTaken(
    () => {
      triedAt.push(now() - START);
      return Promise.resolve(answers[Math.min(triedAt.length, answers.length) - 1] ?? KNOWN);
    },
    answer => told.push(`${answer.class} ${answer.tries}`),
    {
      until: untilMs === undefined ? undefined : instant(START + untilMs),
      clock: now,
      rest: ms => {
        advance(duration(ms));
        return Promise.resolve();
      },
      limits: { againMsMin: 100, againMsMax: 800 },
    },
  );
  return { outcome, triedAt, told };
}

describe('a node that is behind', () => {
  test('is asked again after 100, 200, 400 ms and so on, until it takes the vote', async () => {
    const { outcome, triedAt, told } = await injected(
      [...Array<never>(6).fill(BEHIND as never), KNOWN],
      60_000,
    );
    expect(outcome).toEqual({ ...KNOWN, tries: 7 });
    expect(triedAt).toEqual([0, 100, 300, 700, 1_500, 2_300, 3_100]);
    expect(told).toEqual([1, 2, 3, 4, 5, 6].map(at => `behind ${at}`).concat('known 7'));
  });

  test('is asked no more once the time is over', async () => {
    const { outcome, triedAt } = await injected([BEHIND], 700);
    expect(outcome).toEqual({ ...BEHIND, tries: 4 });
    expect(triedAt).toEqual([0, 100, 300, 700]);
    expect((await injected([BEHIND], 699)).triedAt).toEqual([0, 100, 300]);
  });

  test('is asked once where nobody says until when', async () => {
    expect((await injected([BEHIND])).triedAt).toEqual([0]);
  });

  test.each([
    'conflict',
    'late',
    'forbidden',
    'wrong',
    'refused',
    'unreachable',
    'timeout',
  ] as const)('is none that says %s', async said => {
    const { outcome, triedAt } = await injected([BEHIND, failure(said, 'no')], 60_000);
    expect(outcome).toEqual({ ...failure(said, 'no'), tries: 2 });
    expect(triedAt).toEqual([0, 100]);
  });
});

test('pauses end at once when all are ended, and so do those that come later', async () => {
  const { rest, end } = newRests();
  const long = rest(600_000);
  end();
  await long;
  await rest(600_000);
});
