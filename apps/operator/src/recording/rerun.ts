import type { Verifier } from '@meridian/chain-view';
import { fromHex } from '@meridian/tezos';
import { hashOperation } from '@meridian/tezos/hash';
import { NEW_REPLAY, replayLine } from '@meridian/vote-line/recording';
import type { Difference, Replayed } from '@meridian/vote-line/recording';
import { OperatorError } from '../errors.ts';
import { linesOf } from './files.ts';

/** A vote that went out when it was recorded, and does so again. */
export type RerunVote = {
  /** When it went out, as ISO 8601 in UTC. */
  readonly at: string;
  readonly level: number;
  readonly round: number;
  readonly kind: 'preattestation' | 'attestation';
  readonly slot: number;
  readonly delegate: string;
  readonly payloadHash: string;
  /** The hash of the signed operation, under which nodes and explorers know it. */
  readonly operationHash: string;
};

/** A block on which slots did not vote. */
export type RerunAbstention = {
  readonly at: string;
  readonly level: number;
  readonly round: number;
  readonly block: string;
  readonly reason: string;
  readonly slots: readonly number[];
};

/** Where a replay first differs. */
export type RerunDifference = Difference & { readonly file: string; readonly line: number };

/** What came of one file. */
export type Rerun = {
  readonly file: string;
  readonly events: number;
  readonly votes: readonly RerunVote[];
  readonly abstentions: readonly RerunAbstention[];
  /** Whether its last line has no end, as after a kill. */
  readonly isCut: boolean;
  readonly difference: RerunDifference | undefined;
};

/**
 * Replays the lines of a file up to its end or to the first difference.
 * @throws OperatorError `bad_input` that names file and line of what is no recording
 */
export async function rerun(file: string, verifier: Verifier): Promise<Rerun> {
  const votes: RerunVote[] = [];
  const abstentions: RerunAbstention[] = [];
  let replay = NEW_REPLAY;
  let [line, isCut] = [0, false];
  let difference: RerunDifference | undefined;
  for await (const { text, isWhole } of linesOf(file)) {
    line += 1;
    if (!isWhole) {
      isCut = true;
      break;
    }
    const next = replayLine(replay, verifier, text);
    if (!next.ok) {
      throw new OperatorError('bad_input', `${file}, line ${line.toString()}: ${next.error}`);
    }
    const [after, found] = next.value;
    replay = after;
    if (found.difference !== undefined) {
      difference = { ...found.difference, file, line };
      break;
    }
    votes.push(...votesOf(found));
    abstentions.push(...abstentionsOf(found));
  }
  if (line === 0) throw new OperatorError('bad_input', `${file}: the file is empty`);
  const events = replay.kind === 'events' ? replay.events : 0;
  return { file, events, votes, abstentions, isCut, difference };
}

function votesOf({ at, votes }: Replayed): readonly RerunVote[] {
  return votes.map(({ ballot, operation }) => {
    const { kind, level, round, slot, delegate, payloadHash } = ballot;
    const operationHash = hashOperation(fromHex(operation));
    return {
      ...{ at: timeOf(at), level, round, kind, slot, delegate, payloadHash },
      operationHash,
    };
  });
}

function abstentionsOf({ at, abstentions }: Replayed): readonly RerunAbstention[] {
  return abstentions.map(({ level, round, hash, reason, seats }) => ({
    ...{ at: timeOf(at), level, round, block: hash, reason },
    slots: seats.map(({ slot }) => slot),
  }));
}

function timeOf(at: Replayed['at']): string {
  return new Date(at ?? 0).toISOString();
}
