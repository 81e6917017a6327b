import {
  bearsOnRights,
  MISS_REASONS,
  newAttribution,
  stepAttribution,
} from '@meridian/attribution';
import type {
  AttributionEvent,
  BearingEffect,
  Fault,
  IncludedVote,
  NodeAnswer,
} from '@meridian/attribution';
import type { Right } from '@meridian/attribution';
import type { Injection, InjectionClass } from '@meridian/node-pool';
import { duration, later, type Duration, type Instant } from '@meridian/prelude';
import type { Log, Metrics } from '@meridian/service';
import type { Ballot } from '@meridian/tenderbake';
import type { BlockHash } from '@meridian/tezos';
import type { LineEffect, LineEvent } from '@meridian/vote-line';
import { newLedger, type Ledger } from './ledger.ts';
import type { METRICS } from './metrics.ts';
import type { BallotOutcome } from './signers.ts';

/** Follows every own right to its outcome, when no vote is under way: what is told is looked at later. */
export type Attributor = {
  readonly step: (event: LineEvent, effects: readonly LineEffect[]) => void;
  readonly answered: (ballot: Ballot, outcome: BallotOutcome) => void;
  /** @param at when the vote was given to the pool */
  readonly injection: (ballot: Ballot, injection: Injection, at: Instant) => void;
  readonly ledger: Ledger;
};

/** What an attributor reaches outside itself. */
export type AttributorOptions = {
  /** How many nodes have to take a vote, so that its proposer can be expected to have it. */
  readonly quorum: number;
  /** Since when nodes are listened to. */
  readonly startedAt: Instant;
  readonly log: Log;
  readonly metrics: Metrics<keyof typeof METRICS>;
  /** What a block contains; undefined when no node proves it. Never rejects. */
  readonly read: (hash: BlockHash) => Promise<readonly IncludedVote[] | undefined>;
  /** Calls back after some time, without keeping the process alive. */
  readonly after: (ms: number, act: () => void) => void;
};

/** What the classes of the pool are to a vote that was missed. */
const ANSWER_OF: Readonly<Record<InjectionClass, NodeAnswer>> = {
  known: 'taken',
  // An equivalent vote of another endorser is there.
  conflict: 'taken',
  late: 'late',
  behind: 'away',
  forbidden: 'forbidden',
  wrong: 'refused',
  denied: 'refused',
  refused: 'refused',
  bad_answer: 'away',
  unreachable: 'away',
  timeout: 'away',
  busy: 'away',
  closed: 'stopped',
};

/** How loud a missed vote is. */
const SEVERITY: Readonly<Record<Fault, keyof Log>> = {
  ours: 'error',
  node: 'warn',
  proposer: 'info',
  chain: 'info',
};

/** The part of a round after which the votes on its block have gone out, if all is well. */
const QUIET_AFTER = 2 / 3;
/** What is looked at before other things get their turn; it takes less than a millisecond. */
const SLICE = 32;

/** An attributor that was told nothing yet. */
export function openAttributor(options: AttributorOptions): Attributor {
  const { after, read } = options;
  let attribution = newAttribution(options.quorum, options.startedAt);
  const ledger = newLedger();
  let queue: AttributionEvent[] = [];
  let isDue = false;
  let roundMs = 0;
  const take = (event: AttributionEvent): void => {
    const [next, effects] = stepAttribution(attribution, event);
    attribution = next;
    for (const effect of effects) {
      if (effect.kind === 'right') observeRight(options, ledger, effect.right);
      else {
        ledger.settled(effect.hash);
        void readPass(effect.hash);
      }
    }
  };
  const readPass = async (hash: BlockHash): Promise<void> => {
    const attestations = await read(hash);
    if (attestations !== undefined) take({ kind: 'pass', hash, attestations });
  };
  const work = (): void => {
    const slice = queue.slice(0, SLICE);
    queue = queue.slice(SLICE);
    for (const event of slice) take(event);
    isDue = queue.length > 0;
    if (isDue) after(0, work);
  };
  const heard = (at: Instant, effect: BearingEffect): void => {
    queue.push({ kind: 'line', at, effect });
    if (effect.kind === 'facts') {
      roundMs = effect.facts.durations.minimalBlockDelay;
      ledger.facts(effect.facts);
    }
    if (effect.kind !== 'proposal' || isDue) return;
    isDue = true;
    after(QUIET_AFTER * roundMs, work);
  };
  return {
    ledger,
    step: ({ at }, effects) => {
      for (const effect of effects) if (bearsOnRights(effect)) heard(at, effect);
    },
    answered: (ballot, answer) => void queue.push({ kind: 'answered', ballot, answer }),
    injection: (ballot, { handedOver, receipts }, startedAt) => {
      void handedOver.then(first => {
        if (first !== undefined) queue.push({ kind: 'handed', ballot, at: first.at });
      });
      void receipts.then(all => {
        const said = all.map(({ class: of, tookMs }) => ({
          ...{ answer: ANSWER_OF[of], at: later(startedAt, lasting(tookMs)) },
        }));
        queue.push({ kind: 'receipts', ballot, receipts: said });
      });
    },
  };
}

function lasting(ms: number): Duration {
  return duration(Math.max(0, ms));
}

function observeRight({ log, metrics }: AttributorOptions, ledger: Ledger, right: Right): void {
  ledger.note(right);
  const { outcome, ...rest } = right;
  switch (right.outcome) {
    case 'attested':
      metrics.record('rights_total', 1, { outcome, reason: right.by });
      log.debug('vote_included', rest);
      return;
    case 'missed': {
      const { fault, text } = MISS_REASONS[right.reason];
      metrics.record('rights_total', 1, { outcome, reason: right.reason });
      log[SEVERITY[fault]]('vote_missed', { ...rest, fault, text });
      return;
    }
    case 'undecided':
      metrics.record('rights_total', 1, { outcome, reason: right.why });
      log.warn('vote_undecided', rest);
      return;
  }
}
