import { checkJobs, type Job, type Verifier } from '@meridian/chain-view';
import { err, ok, type Instant, type Result } from '@meridian/prelude';
import type { Ballot } from '@meridian/tenderbake';
import { newLine, stepLine, type LineEffect, type LineState } from '../line.ts';
import { unpack } from './pack.ts';
import { readEvent, readHeader, readObject, type Fields, type RecordedEvent } from './read.ts';
import { castIn, type RecordedOptions } from './write.ts';

/** What is going on in a replay: the header is awaited, what the line knew is gathered, or events run. */
export type Replay =
  | { readonly kind: 'begin' }
  | {
      readonly kind: 'state';
      readonly options: RecordedOptions;
      /** Grows in place: a copy for each line would take the square of their number. */
      readonly fields: (readonly [name: string, holds: unknown])[];
    }
  | {
      readonly kind: 'events';
      readonly line: LineState;
      /** How many events ran. */
      readonly events: number;
      /** The checks that the line asked for last. */
      readonly asked: { readonly batch: number; readonly jobs: readonly Job[] } | undefined;
    };

/** A replay of which nothing was read. */
export const NEW_REPLAY: Replay = { kind: 'begin' };

/** Where the replay differs from what was recorded, as texts that are compared byte for byte. */
export type Difference = {
  readonly what: 'to be signed' | 'injected' | 'signatures checked';
  readonly recorded: string;
  readonly replayed: string;
};

/** What a line of a recording led to. */
export type Replayed = {
  readonly at: Instant | undefined;
  /** Votes that went out, each with its operation in hexadecimal. */
  readonly votes: readonly { readonly ballot: Ballot; readonly operation: string }[];
  readonly abstentions: readonly Extract<LineEffect, { readonly kind: 'abstain' }>[];
  readonly difference: Difference | undefined;
};

const NOTHING: Replayed = { at: undefined, votes: [], abstentions: [], difference: undefined };

/**
 * Takes the next line of a recording: its event runs through the line, and what is to be signed and injected is compared
 * with what was recorded. Batches of votes are checked anew, and compared with what the recorded run found; one that was
 * under way when the recording began is taken as it was found.
 * @returns what is left and what was found, or words about what is wrong with the line
 */
export function replayLine(
  replay: Replay,
  verifier: Verifier,
  text: string,
): Result<readonly [Replay, Replayed], string> {
  const line = readObject(text);
  if (!line.ok) return line;
  switch (replay.kind) {
    case 'begin': {
      const options = readHeader(line.value);
      return options.ok ? without({ kind: 'state', options: options.value, fields: [] }) : options;
    }
    case 'state':
      return gather(replay, line.value);
    case 'events': {
      const recorded = readEvent(line.value);
      return recorded.ok ? run(replay, verifier, recorded.value) : recorded;
    }
  }
}

function without(replay: Replay): Result<readonly [Replay, Replayed], string> {
  return ok([replay, NOTHING]);
}

type Gathering = Extract<Replay, { readonly kind: 'state' }>;
type Running = Extract<Replay, { readonly kind: 'events' }>;

function gather(replay: Gathering, line: Fields): Result<readonly [Replay, Replayed], string> {
  const { options, fields } = replay;
  if (line['fields'] !== undefined) {
    if (line['fields'] !== fields.length) return err('lines are missing before this one');
    const known = knownOf(options, fields);
    return known.ok
      ? without({ kind: 'events', line: known.value, events: 0, asked: undefined })
      : known;
  }
  const { field } = line;
  if (typeof field !== 'string') return err('field: the name of something that the line knew');
  const holds = unpack(line['holds']);
  if (!holds.ok) return err(`${field}: ${holds.error}`);
  fields.push([field, holds.value]);
  return without(replay);
}

/** What the line knew: a line that has heard nothing, with the fields that were recorded. */
function knownOf(
  { view, voter }: RecordedOptions,
  fields: Gathering['fields'],
): Result<LineState, string> {
  const fresh = newLine(view, voter);
  const known = new Map<string, unknown>();
  for (const [part, state] of Object.entries(fresh)) {
    for (const [name, value] of Object.entries(state)) {
      if (name === 'options') continue;
      const found = fields.flatMap(([field, holds]) =>
        field === `${part}.${name}` ? [holds] : [],
      );
      if (value instanceof Map) {
        if (!found.every(Array.isArray)) return err(`${part}.${name}: pairs are expected`);
        known.set(`${part}.${name}`, new Map(found as [unknown, unknown][]));
      } else if (value instanceof Set) known.set(`${part}.${name}`, new Set(found));
      else if (found.length === 1) known.set(`${part}.${name}`, found[0]);
      else return err(`${part}.${name}: one value is expected`);
    }
  }
  const stranger = fields.find(([field]) => !known.has(field));
  if (stranger !== undefined) return err(`${stranger[0]}: nothing of this name is known`);
  const partOf = (part: string): object =>
    Object.fromEntries(
      [...known].flatMap(([name, value]) =>
        name.startsWith(`${part}.`) ? [[name.slice(part.length + 1), value]] : [],
      ),
    );
  return ok({
    view: { ...fresh.view, ...partOf('view') },
    voter: { ...fresh.voter, ...partOf('voter') },
  });
}

function run(
  replay: Running,
  verifier: Verifier,
  recorded: RecordedEvent,
): Result<readonly [Replay, Replayed], string> {
  const { n, event } = recorded;
  const events = replay.events + 1;
  if (n !== events) return err(`event ${n.toString()} stands where ${events.toString()} should`);
  let stepped: ReturnType<typeof stepLine>;
  try {
    stepped = stepLine(replay.line, verifier, event);
  } catch (error) {
    // Nothing of a real run leads here: the state or the event has been changed beyond recognition.
    return err(
      `the line cannot take this event: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const [line, effects] = stepped;
  const verify = effects.findLast(effect => effect.kind === 'verify');
  const { sign, inject } = castIn(effects);
  const difference =
    checkedAnew(replay.asked, verifier, recorded) ??
    differing('to be signed', recorded.sign, sign) ??
    differing('injected', recorded.inject, inject);
  return ok([
    { kind: 'events', line, events, asked: verify ?? replay.asked },
    {
      at: event.at,
      votes: effects.flatMap(effect => (effect.kind === 'inject' ? [effect] : [])),
      abstentions: effects.filter(effect => effect.kind === 'abstain'),
      difference,
    },
  ]);
}

function checkedAnew(
  asked: Running['asked'],
  verifier: Verifier,
  { event }: RecordedEvent,
): Difference | undefined {
  if (event.kind !== 'verified' || event.batch !== asked?.batch) return undefined;
  return differing('signatures checked', event.findings, checkJobs(verifier, asked.jobs));
}

function differing(
  what: Difference['what'],
  recorded: unknown,
  replayed: unknown,
): Difference | undefined {
  const [one, other] = [JSON.stringify(recorded), JSON.stringify(replayed)];
  return one === other ? undefined : { what, recorded: one, replayed: other };
}
