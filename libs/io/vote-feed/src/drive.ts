import type { Findings, Job, Topic, Verifier } from '@meridian/chain-view';
import type { ViewOptions, ViewStream } from '@meridian/chain-view';
import type { Clock } from '@meridian/prelude';
import type { AttestationMark, Ballot, Marks, VoterOptions } from '@meridian/tenderbake';
import type { BlockHash, PublicKeyHash } from '@meridian/tezos';
import { newLine, signBytesOf, stepLine } from '@meridian/vote-line';
import type { LineEffect, LineEvent, LineState } from '@meridian/vote-line';

/** What a line reaches outside itself. Nothing here ever rejects. */
export type Outside = {
  readonly clock: Clock;
  /** For what cannot wait, one at a time: the signature of a block. */
  readonly verifier: Verifier;
  /** Checks the votes of others while the line goes on. */
  readonly check: (jobs: readonly Job[]) => Promise<Findings>;
  /** The signed operation of a ballot, in hexadecimal; undefined when nobody signs it. */
  readonly sign: (ballot: Ballot, bytes: Uint8Array) => Promise<string | undefined>;
  /** What a key attested last; undefined when nobody could say. */
  readonly mark: (key: PublicKeyHash) => Promise<AttestationMark | null | undefined>;
  /** A vote that may be seen now: an endorser posts it to all nodes. */
  readonly inject: (operation: string, ballot: Ballot) => void;
  /** Asks all nodes; each answer comes back as an event. */
  readonly read: (topic: Topic) => void;
  readonly restart: (node: string, stream: ViewStream) => void;
  readonly wakeAt: (at: ReturnType<Clock>, wake: () => void) => void;
  /** Sees every event with what came of it, in the order in which they ran as long as nothing above answers at once. */
  readonly observe: (event: LineEvent, effects: readonly LineEffect[]) => void;
};

/** A line that runs: `hear` takes whatever nodes say. */
export type DrivenLine = {
  readonly hear: (event: LineEvent) => void;
  readonly state: () => LineState;
};

/**
 * The whole way of a vote: what a node says is judged, a block is preattested, its prequorum attested. Each arrow is a
 * step of the line; here its wishes are carried out.
 */
export function driveLine(view: ViewOptions, voter: VoterOptions, outside: Outside): DrivenLine {
  let line = newLine(view, voter);
  const hear = (event: LineEvent): void => {
    const [next, effects] = stepLine(line, outside.verifier, event);
    line = next;
    // What is to be signed and injected does not wait for logs and metrics.
    for (const effect of effects) perform(effect);
    outside.observe(event, effects);
  };
  const perform = (effect: LineEffect): void => {
    switch (effect.kind) {
      case 'sign':
        for (const ballot of effect.ballots) void signed(ballot);
        return;
      case 'inject':
        outside.inject(effect.operation, effect.ballot);
        return;
      case 'read_marks':
        for (const key of effect.keys) void readMark(effect.hash, key);
        return;
      case 'wake':
        outside.wakeAt(effect.at, () => {
          hear({ kind: 'timer', at: outside.clock(), hash: effect.hash });
        });
        return;
      case 'verify':
        void checked(effect.batch, effect.jobs);
        return;
      case 'read':
        outside.read(effect.topic);
        return;
      case 'restart':
        outside.restart(effect.node, effect.stream);
        return;
      case 'abstain':
      case 'facts':
      case 'fault':
      case 'prequorum':
      case 'proposal':
      case 'protocol':
        return;
    }
  };
  const signed = async (ballot: Ballot): Promise<void> => {
    const operation = await outside.sign(ballot, signBytesOf(view.chainId, ballot));
    if (operation === undefined) return;
    hear({ kind: 'signed', at: outside.clock(), ballot, operation });
  };
  const checked = async (batch: number, jobs: readonly Job[]): Promise<void> => {
    const findings = await outside.check(jobs);
    hear({ kind: 'verified', at: outside.clock(), batch, findings });
  };
  const readMark = async (hash: BlockHash, key: PublicKeyHash): Promise<void> => {
    const mark = await outside.mark(key);
    const marks: Marks = new Map([[key, mark === undefined ? 'unknown' : mark]]);
    hear({ kind: 'marks', at: outside.clock(), hash, marks });
  };
  return { hear, state: () => line };
}
