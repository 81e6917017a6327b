import type { Injection, InjectionClass, NodeMessage } from '@meridian/node-pool';
import type { Log, Metrics } from '@meridian/service';
import { ABSTENTIONS, type Ballot } from '@meridian/tenderbake';
import type { LineEffect, LineEvent, LineState } from '@meridian/vote-line';
import type { METRICS } from './metrics.ts';
import type { Timings } from './timings.ts';

/** Turns what happens into log lines and metrics; nothing is decided here. */
export type Observer = {
  readonly node: (message: NodeMessage) => void;
  readonly step: (event: LineEvent, effects: readonly LineEffect[]) => void;
  readonly injection: (ballot: Ballot, injection: Injection) => void;
  readonly checks: (state: LineState) => Readonly<Record<string, true | string>>;
  readonly status: (state: LineState) => object;
};

export function observer(
  log: Log,
  metrics: Metrics<keyof typeof METRICS>,
  timings: Timings,
): Observer {
  return {
    node: message => {
      if (message.kind !== 'fault') {
        timings.answered(message.at);
        return;
      }
      const { node, stream, code, message: why } = message;
      log.debug('node_fault', { node, stream, code, why });
    },
    step: (event, effects) => {
      for (const effect of effects) observeEffect(log, metrics, timings, event, effect);
    },
    injection: (ballot, injection) =>
      void observeInjection(log, metrics, timings, ballot, injection),
    checks: ({ view }) => ({
      chain: chainCheck(view),
      rights: view.rights.size === 0 ? 'no rights are agreed on yet' : true,
    }),
    status: ({ view }) => ({
      level: view.level,
      nodes: [...view.nodes].map(([name, { streams, level, faults }]) => ({
        ...{ name, level, faults },
        streams: Object.fromEntries([...streams].map(([stream, { state }]) => [stream, state])),
      })),
    }),
  };
}

function chainCheck({ terms, proto }: LineState['view']): true | string {
  const current = proto === undefined ? undefined : terms.get(proto);
  if (current === undefined) return 'no protocol is agreed on yet';
  const { protocol, hash } = current;
  return protocol === undefined ? `this version does not know the protocol ${hash}` : true;
}

function observeEffect(
  log: Log,
  metrics: Metrics<keyof typeof METRICS>,
  timings: Timings,
  event: LineEvent,
  effect: LineEffect,
): void {
  switch (effect.kind) {
    case 'proposal': {
      const { level, round, hash, timestamp } = effect.proposal;
      metrics.record('level', level);
      timings.cause('block', level, round, timestamp);
      log.info('block', { level, round, hash, node: effect.node });
      return;
    }
    case 'prequorum': {
      // An attestation is late by its check, too.
      const { level, round } = effect.candidate;
      timings.cause('attestation', level, round, effect.since);
      return;
    }
    case 'sign':
      for (const { kind, level, round } of effect.ballots)
        timings.cause(kind, level, round, event.at);
      return;
    case 'abstain': {
      const { level, round, reason, seats } = effect;
      metrics.record('abstentions_total', Math.max(1, seats.length), { reason });
      log[ABSTENTIONS[reason].isOurs ? 'warn' : 'info']('abstained', {
        level,
        round,
        reason,
        seats: seats.map(({ slot }) => slot),
      });
      return;
    }
    case 'protocol': {
      const { hash, isKnown } = effect;
      metrics.record('protocol_unknown', isKnown ? 0 : 1);
      log[isKnown ? 'info' : 'error']('protocol', { hash, isKnown });
      return;
    }
    case 'fault':
      metrics.record('node_faults_total', 1, { reason: effect.code });
      log.warn('node_disbelieved', { node: effect.node, reason: effect.code });
      return;
    case 'restart': {
      const { node, stream, why } = effect;
      metrics.record('stream_restarts_total', 1, { node, reason: why });
      log.debug('stream_restarted', { node, stream, reason: why });
      return;
    }
    case 'facts':
    case 'inject':
    case 'read':
    case 'read_marks':
    case 'verify':
    case 'wake':
      return;
  }
}

const SECONDS_OF = {
  preattestation: 'block_to_preattestation_seconds',
  attestation: 'prequorum_to_attestation_seconds',
} as const;

/**
 * How loud it is that no node took a vote, by the first of these that any node said of it; an error if none said any.
 * A conflict is how a sister endorser's vote with other DAL content is told.
 */
const UNTAKEN = [
  ['conflict', 'info'],
  ['closed', 'info'],
  ['late', 'warn'],
] as const satisfies readonly (readonly [InjectionClass, keyof Log])[];

async function observeInjection(
  log: Log,
  metrics: Metrics<keyof typeof METRICS>,
  timings: Timings,
  ballot: Ballot,
  { handedOver, answers, receipts }: Injection,
): Promise<void> {
  const { kind, level, round, slot, delegate } = ballot;
  const vote = { kind, level, round, slot };
  const first = await handedOver;
  const tookMs = first && timings.since(ballot, first);
  if (tookMs !== undefined) metrics.record(SECONDS_OF[kind], tookMs / 1000);
  const sinceBlockMs = first && timings.since({ ...ballot, kind: 'preattestation' }, first);
  if (first !== undefined) metrics.record('votes_total', 1, { kind });
  const sinceStartMs = first && timings.sinceStart(ballot, first);
  if (sinceStartMs !== undefined) {
    metrics.record('start_to_first_vote_seconds', sinceStartMs / 1000);
    log.info('first_vote', { ...vote, sinceStartMs });
  }
  const said = await answers;
  const accepted = said.filter(({ ok }) => ok).length;
  log.info('vote', { ...vote, delegate, tookMs, sinceBlockMs, accepted, of: said.length });
  const last = await receipts;
  const again = last.filter(({ tries }) => tries > 1);
  if (again.length > 0) {
    const nodes = again.map(({ node, tries, class: of }) => ({ node, tries, class: of }));
    log.debug('vote_repeated', { ...vote, nodes });
  }
  if (last.some(({ ok }) => ok)) return;
  const told = UNTAKEN.find(([untaken]) => last.some(({ class: of }) => of === untaken));
  const refusals = last.flatMap(receipt =>
    receipt.ok ? [] : [`${receipt.node}: ${receipt.class}: ${receipt.message}`],
  );
  log[told?.[1] ?? 'error']('vote_refused', { ...vote, refusals });
}
