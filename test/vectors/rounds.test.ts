import { expect } from 'vitest';
import { duration, instant } from '@meridian/prelude';
import { roundAt, roundStart, type Round, type RoundDurations } from '@meridian/tezos';
import { checkEach, testShared } from './load.ts';

type Durations = {
  readonly minimal_block_delay: number;
  readonly delay_increment_per_round: number;
};
type Rounds = {
  readonly upstream: Durations & {
    readonly round_duration: readonly (readonly [round: Round, seconds: number])[];
    readonly round_and_offset: readonly (readonly [passed: number, round: Round, into: number])[];
    readonly timestamp_of_round: readonly (readonly [number, Round, Round, number])[];
    readonly round_of_timestamp: readonly (readonly [number, Round, number, Round])[];
  };
  readonly generated: readonly (Durations & {
    readonly name: string;
    readonly cases: readonly {
      readonly predecessor_timestamp: number;
      readonly predecessor_round: Round;
      readonly round: Round;
      readonly round_start: number;
      readonly next_round_start: number;
      readonly round_at_last_second: Round;
    }[];
  })[];
};

const FILE = 'vectors/rounds.json';
const at = (seconds: number) => instant(seconds * 1000);

function durationsOf(given: Durations): RoundDurations {
  return {
    minimalBlockDelay: duration(given.minimal_block_delay * 1000),
    delayIncrementPerRound: duration(given.delay_increment_per_round * 1000),
  };
}

function after(seconds: number, round: number): Parameters<typeof roundStart>[1] {
  return { timestamp: at(seconds), round: round as Round };
}

testShared(FILE, 'a round lasts as long as given', content => {
  const { upstream } = content as Rounds;
  const durations = durationsOf(upstream);
  checkEach(upstream.round_duration, 4, String, ([round, seconds]) => {
    const start = roundStart(durations, after(0, 0), round);
    const next = roundStart(durations, after(0, 0), (round + 1) as Round);
    expect(next - start).toBe(seconds * 1000);
    // The predecessor's round lasts as long, too, before the level begins.
    expect(roundStart(durations, after(50, round), 0 as Round)).toBe(at(50 + seconds));
  });
});

testShared(
  FILE,
  'so long after the start of a level it is that round, and so far into it',
  content => {
    const { upstream } = content as Rounds;
    const durations = durationsOf(upstream);
    const predecessor = after(100, 0);
    const levelStart = 100 + upstream.minimal_block_delay;
    checkEach(upstream.round_and_offset, 9, String, ([passed, round, into]) => {
      expect(roundAt(durations, predecessor, at(levelStart + passed))).toBe(round);
      expect(roundStart(durations, predecessor, round)).toBe(at(levelStart + passed - into));
    });
  },
);

testShared(FILE, 'a round starts when given', content => {
  const { upstream } = content as Rounds;
  const durations = durationsOf(upstream);
  checkEach(
    upstream.timestamp_of_round,
    2,
    String,
    ([timestamp, predecessorRound, round, start]) => {
      expect(roundStart(durations, after(timestamp, predecessorRound), round)).toBe(at(start));
    },
  );
});

testShared(FILE, 'at a time it is the round given, and none before the level begins', content => {
  const { upstream } = content as Rounds;
  const durations = durationsOf(upstream);
  checkEach(
    upstream.round_of_timestamp,
    22,
    String,
    ([timestamp, predecessorRound, now, round]) => {
      const predecessor = after(timestamp, predecessorRound);
      expect(roundAt(durations, predecessor, at(now))).toBe(round);
      const before = instant(roundStart(durations, predecessor, 0 as Round) - 1);
      expect(roundAt(durations, predecessor, before)).toBeUndefined();
    },
  );
});

testShared(FILE, 'mainnet and sandbox constants give the times generated', content => {
  const { generated } = content as Rounds;
  expect(generated.map(({ name }) => name)).toEqual(['mainnet 024/025', 'sandbox']);
  for (const group of generated) {
    const durations = durationsOf(group);
    checkEach(
      group.cases,
      12,
      each => JSON.stringify(each),
      each => {
        const predecessor = after(each.predecessor_timestamp, each.predecessor_round);
        const { round, round_start: start, next_round_start: next } = each;
        expect(roundStart(durations, predecessor, round)).toBe(at(start));
        expect(roundStart(durations, predecessor, (round + 1) as Round)).toBe(at(next));
        expect(roundAt(durations, predecessor, at(start))).toBe(round);
        expect(roundAt(durations, predecessor, at(next - 1))).toBe(each.round_at_last_second);
        expect(roundAt(durations, predecessor, instant(at(next) - 1))).toBe(round);
        expect(roundAt(durations, predecessor, at(next))).toBe(round + 1);
      },
    );
  }
});
