import { termsOf } from '@meridian/chain-view';
import { openNodePool, type EdgeNode } from '@meridian/node-pool';
import type { Clock } from '@meridian/prelude';
import type { Log, Metrics, OperationsAnswer } from '@meridian/service';
import type { SignerClient } from '@meridian/signer-client';
import type { VoterOptions } from '@meridian/tenderbake';
import { PROTOCOLS, type ChainId, type Protocol, type PublicKeyHash } from '@meridian/tezos';
import { driveLine, nativeVerifier, openChecker, openRecorder } from '@meridian/vote-feed';
import { readAll, readOperations, recordingFolder, wordOf } from '@meridian/vote-feed';
import type { DrivenLine, Outside, Recorder } from '@meridian/vote-feed';
import type { LineEffect, LineEvent } from '@meridian/vote-line';
import type { RecordedOptions } from '@meridian/vote-line/recording';
import { openAttributor, type Attributor } from './attributor.ts';
import { openBudgets } from './budget.ts';
import type { METRICS } from './metrics.ts';
import { observer, type Observer } from './observer.ts';
import { askSigners, markOf } from './signers.ts';
import { newTimings } from './timings.ts';
import { voteEnd } from './vote-end.ts';
import { votesAnswer } from './votes.ts';

/** How often half-open streams and unanswered questions are looked for. */
const TICK_MS = 250;

/** What an endorser is made of. */
export type EndorserParts = {
  readonly chainId: ChainId;
  readonly nodes: readonly EdgeNode[];
  /** How many nodes have to agree; undefined is more than half of them. */
  readonly quorum: number | undefined;
  /** Closed with the endorser. */
  readonly signers: SignerClient;
  readonly keys: readonly PublicKeyHash[];
  readonly sign: VoterOptions['sign'];
  /** Hashes of protocols, each with the number of the known one that it equals. */
  readonly protocols?: Readonly<Record<string, string>> | undefined;
  /** Where what is heard is recorded, and how many bytes all recordings there may take. */
  readonly recording?: { readonly folder: string; readonly bytesMax: number } | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics<keyof typeof METRICS>;
  /** Sees what the observer sees, after it; for benchmarks. */
  readonly watch?: (event: LineEvent, effects: readonly LineEffect[]) => void;
};

/** An endorser that runs; `close` ends its connections, the last opened first. */
export type RunningEndorser = {
  readonly endorser: DrivenLine;
  readonly observed: Observer;
  /** What became of the last rights, as `/votes` answers. */
  readonly votes: (query: URLSearchParams) => Promise<OperationsAnswer>;
  readonly close: () => Promise<void>;
};

/** Wires nodes, signers and the line between them; it runs from here on. */
export function runEndorser(parts: EndorserParts): RunningEndorser {
  const { chainId, nodes, signers, clock, log, metrics, watch } = parts;
  const keys = new Set(parts.keys);
  const quorum = parts.quorum ?? Math.floor(nodes.length / 2) + 1;
  const checker = openChecker();
  const observed = observer(log, metrics, newTimings());
  const view = { chainId, keys, quorum, equals: equalsOf(parts.protocols) };
  const voter = { sign: parts.sign };
  const recorder = recorderOf(parts, { view, voter });
  const pool = openNodePool({ nodes, clock }, message => {
    observed.node(message);
    endorser.hear(wordOf(message));
  });
  const attributor = openAttributor({
    ...{ quorum, startedAt: clock(), log, metrics },
    after: (ms, act) => setTimeout(act, ms).unref(),
    read: hash =>
      readOperations(pool, endorser.state(), hash, {
        disbelieved: (node, reason) => log.debug('operations_disbelieved', { node, reason }),
        unanswered: (node, path) => log.debug('operations_unanswered', { node, path }),
      }),
  });
  const endorser: DrivenLine = driveLine(view, voter, {
    ...{ clock, verifier: nativeVerifier(), check: checker.check },
    sign: signing(parts, attributor),
    mark: key => markOf(signers, chainId, key),
    inject: (operation, ballot) => {
      const until = voteEnd(endorser.state().voter);
      const startedAt = clock();
      const injection = pool.inject(operation, until);
      observed.injection(ballot, injection);
      attributor.injection(ballot, injection, startedAt);
    },
    read: topic => readAll(pool, clock, topic, event => endorser.hear(event)),
    restart: (node, stream) => pool.restart(node, stream),
    wakeAt: (at, wake) => setTimeout(wake, Math.max(0, at - clock())),
    observe: (event, effects) => {
      observed.step(event, effects);
      attributor.step(event, effects);
      recorder?.note(event, effects, endorser.state());
      watch?.(event, effects);
    },
  });
  const { ledger } = attributor;
  const budgets = openBudgets(pool, ledger, quorum, () => {
    const state = endorser.state().view;
    return termsOf(state, state.level)?.constants;
  });
  const ticking = setInterval(() => endorser.hear({ kind: 'tick', at: clock() }), TICK_MS);
  return {
    endorser,
    observed,
    votes: query => votesAnswer(ledger, budgets, query),
    close: async () => {
      clearInterval(ticking);
      await pool.close();
      await checker.close();
      await signers.close();
      await recorder?.close();
    },
  };
}

function signing(
  { signers, log, metrics }: EndorserParts,
  attributor: Attributor,
): Outside['sign'] {
  return async (ballot, bytes) => {
    const outcome = await askSigners(signers, log, ballot, bytes);
    attributor.answered(ballot, outcome);
    if (outcome.kind !== 'unsigned') return outcome.operation;
    metrics.record('unsigned_total', 1, { kind: ballot.kind });
    return undefined;
  };
}

function recorderOf(
  { recording, clock, log, metrics }: EndorserParts,
  options: RecordedOptions,
): Recorder | undefined {
  if (recording === undefined) return undefined;
  const { folder, bytesMax } = recording;
  return openRecorder({
    ...{ options, disk: recordingFolder(folder), clock, bytesMax },
    begun: file => log.info('recording', { folder, file }),
    lost: (why, isFirst) => {
      metrics.record('recordings_lost_total', 1);
      if (isFirst) log.warn('recording_lost', { folder, why });
    },
  });
}

function equalsOf(protocols: EndorserParts['protocols'] = {}): ReadonlyMap<string, Protocol> {
  const rows = Object.entries(protocols).flatMap(([hash, equal]) => {
    const row = PROTOCOLS.find(({ number }) => number === equal);
    return row === undefined ? [] : [[hash, row] as const];
  });
  return new Map(rows);
}
