import type { ViewOptions } from '@meridian/chain-view';
import type { Ballot, VoterOptions } from '@meridian/tenderbake';
import type { LineEffect, LineEvent, LineState } from '../line.ts';
import { pack } from './pack.ts';

/*
 * A recording is one JSON object a line: what the line was made for, what it knew when the recording began, and each
 * event with what was to be signed and injected for it. So each recording replays by itself. A step leaves the state
 * before it as it was, so what the line knew can be written while the line goes on.
 */

/** The layout that is written here, and the only one that is read. */
export const RECORDING_VERSION = 1;

/** What a recorded line was made for. */
export type RecordedOptions = { readonly view: ViewOptions; readonly voter: VoterOptions };

/** The first line of a recording: no address and no secret is in it. */
export function headerLine({ view, voter }: RecordedOptions): string {
  const { chainId, keys, quorum, equals } = view;
  const protocols = Object.fromEntries(
    [...(equals ?? [])].map(([hash, { number }]) => [hash, number]),
  );
  return JSON.stringify({
    ...{ meridian: 'recording', version: RECORDING_VERSION },
    ...{ chainId, keys: [...keys], quorum, sign: voter.sign, protocols },
  });
}

/** The lines that say what a line knew, one by one as they are wanted, and their number last. */
export function* stateLines({ view, voter }: LineState): Generator<string, void> {
  let fields = 0;
  for (const [part, known] of Object.entries({ view, voter })) {
    for (const [name, value] of Object.entries<unknown>(known)) {
      // The options are those of the header.
      if (name === 'options') continue;
      const isMany = value instanceof Map || value instanceof Set;
      for (const holds of isMany ? (value as Iterable<unknown>) : [value]) {
        fields += 1;
        yield JSON.stringify({ field: `${part}.${name}`, holds: pack(holds) });
      }
    }
  }
  yield JSON.stringify({ fields });
}

/**
 * The line of an event, its votes included.
 * @param n counts the events of a recording from 1
 */
export function eventLine(n: number, event: LineEvent, effects: readonly LineEffect[]): string {
  const { sign, inject } = castIn(effects);
  const written = event.kind === 'marks' ? { ...event, marks: [...event.marks] } : event;
  return JSON.stringify({
    ...{ n, event: written },
    ...(sign.length > 0 && { sign }),
    ...(inject.length > 0 && { inject }),
  });
}

/** What was to be signed and injected. */
export type Cast = { readonly sign: readonly BallotRow[]; readonly inject: readonly string[] };

/** A ballot as a row, so that the order of its fields is one. */
export type BallotRow = readonly (string | number)[];

/** The ballots and the signed operations among effects, in their order. */
export function castIn(effects: readonly LineEffect[]): Cast {
  return {
    sign: effects.flatMap(effect => (effect.kind === 'sign' ? effect.ballots.map(rowOf) : [])),
    inject: effects.flatMap(effect => (effect.kind === 'inject' ? [effect.operation] : [])),
  };
}

function rowOf(ballot: Ballot): BallotRow {
  const { kind, level, round, slot, payloadHash, branch, delegate, consensusKey } = ballot;
  return [kind, level, round, slot, payloadHash, branch, delegate, consensusKey];
}
