import { ABSTENTIONS, type Abstention } from '@meridian/tenderbake';
import { nativeVerifier } from '@meridian/vote-feed';
import type { Call, Command, Outcome } from '../command.ts';
import { OperatorError } from '../errors.ts';
import { recordingsAt } from './files.ts';
import { rerun, type Rerun, type RerunDifference } from './rerun.ts';

/** The command that replays what an endorser recorded. */
export const RECORDING_COMMANDS: readonly Command[] = [
  {
    usage: 'replay-recording <PATH>',
    summary: 'run what an endorser recorded through the same rules, and compare its votes',
    details: [
      'PATH is the folder that an endorser has as `record`, or one file of it. Every signature is checked anew; nothing',
      'is signed and no node is asked. Exit status: 0 where each vote is the recorded one byte for byte, 1 at the first',
      'difference, which is named with its file and line.',
    ],
    examples: ['replay-recording recordings', 'replay-recording recordings --json'],
    run: replayRecording,
  },
];

async function replayRecording({ args: [path] }: Call): Promise<Outcome> {
  if (path === undefined) throw new OperatorError('misused', 'give PATH, a folder or a file');
  const reruns: Rerun[] = [];
  const verifier = nativeVerifier();
  for (const file of await recordingsAt(path)) {
    const found = await rerun(file, verifier);
    reruns.push(found);
    if (found.difference !== undefined) break;
  }
  const difference = reruns.at(-1)?.difference;
  return {
    status: difference === undefined ? 0 : 1,
    lines: [...reruns.flatMap(linesOfFile), lastLine(reruns)],
    json: {
      files: reruns.map(({ file, events, isCut }) => ({ file, events, isCut })),
      votes: reruns.flatMap(({ votes }) => votes),
      abstentions: reruns.flatMap(({ abstentions }) => abstentions),
      difference: difference ?? null,
    },
  };
}

function linesOfFile({ file, events, votes, abstentions, isCut, difference }: Rerun) {
  const told = [
    ...votes.map(({ at, level, round, kind, slot, operationHash }) => ({
      at,
      text: `${placeOf(level, round)} ${kind} slot ${slot.toString()} ${operationHash}`,
    })),
    ...abstentions.map(({ at, level, round, reason, slots }) => ({
      at,
      text: `${placeOf(level, round)} no vote of slots ${slots.join(', ') || 'unknown'}: ${whyOf(reason)}`,
    })),
  ];
  const sorted = told.sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0));
  return [
    `${file}: ${events.toString()} events`,
    ...sorted.map(({ at, text }) => `  ${at} ${text}`),
    ...(isCut ? ['  the last line has no end, as after a kill; it is left out'] : []),
    ...(difference === undefined ? [] : differenceLines(difference)),
  ];
}

function placeOf(level: number, round: number): string {
  return `level ${level.toString()} round ${round.toString()}`;
}

function whyOf(reason: string): string {
  return `${reason} (${ABSTENTIONS[reason as Abstention].why})`;
}

function differenceLines({ what, line, recorded, replayed }: RerunDifference): readonly string[] {
  return [
    `  line ${line.toString()} differs in what was ${what}:`,
    `    recorded ${recorded}`,
    `    replayed ${replayed}`,
  ];
}

function lastLine(reruns: readonly Rerun[]): string {
  const votes = reruns.reduce((sum, each) => sum + each.votes.length, 0);
  return reruns.at(-1)?.difference === undefined
    ? `${votes.toString()} votes, each of them the recorded one byte for byte`
    : `${votes.toString()} votes are the recorded ones, and then the replay DIFFERS`;
}
