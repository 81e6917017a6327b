import { runEndorser, type RunningEndorser } from '@meridian/endorser/compose';
import { METRICS } from '@meridian/endorser/metrics';
import { openNodePool, type EdgeNode } from '@meridian/node-pool';
import { instant, type Clock } from '@meridian/prelude';
import { openMetrics, type Log } from '@meridian/service';
import type { ChainId } from '@meridian/tezos';
import { nativeVerifier } from '@meridian/vote-feed';
import type { LineState } from '@meridian/vote-line';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { startApp, type Child } from '../../child.ts';
import {
  keysOf,
  newWorkshop,
  provisionFirstUse,
  type Workshop,
  SITE,
} from '../../start/workshop.ts';
import { quantile, rounded, type Figure } from '../measure.ts';
import type { FromNodes, ToNodes } from './nodes.ts';
import { commitMs, handOverMs, roundTripMs, signatureMs, stepMs, type Stepped } from './parts.ts';

/** Levels that are voted on; during the first ones code is still being compiled. */
const LEVELS = 150;
const WARM_UP_LEVELS = 30;
/** The clock may leap over a vote that a busy machine has not begun; a run that lost more measured nothing. */
const INCLUDED_MIN = 0.9;

/** What is measured, and the vote that it ends with. */
const CAUSES = {
  preattestation: 'block seen to preattestation handed over',
  attestation: 'prequorum to attestation handed over',
} as const;
type Kind = keyof typeof CAUSES;

const QUANTILES = { p50: 0.5, p99: 0.99 } as const;

/**
 * One key, five nodes, one signer with its durable store, each in the process that it has in production except the
 * endorser, which runs here: how long a vote takes from its cause to the first node, beside the sum of its parts.
 */
export async function voteFigures(): Promise<readonly Figure[]> {
  const workshop = newWorkshop();
  const nodes = fork(join(import.meta.dirname, 'nodes.ts'));
  let signer: Child | undefined;
  try {
    nodes.send({
      kind: 'begin',
      key: workshop.keys[0].publicKey,
      levels: LEVELS,
    } satisfies ToNodes);
    const ready = await next(nodes);
    if (ready.kind !== 'ready') throw new Error('the nodes say where they are');
    const chainId = ready.chainId as ChainId;
    await provisionFirstUse(workshop, chainId);
    const config = signerFile(workshop, chainId);
    signer = startApp('signer', ['--config', config], 'signer', () => undefined);
    const { port } = await signer.ready;
    const url = `http://127.0.0.1:${String(port)}`;
    const run = await vote(nodes, workshop, chainId, ready.nodes, url);
    return await figuresOf(run, workshop, chainId, ready.nodes, url);
  } finally {
    nodes.kill();
    signer?.kill('SIGTERM');
    await signer?.ended;
    workshop.remove();
  }
}

/** What was measured of a run. */
type Run = {
  readonly tookMs: Readonly<Record<Kind, readonly number[]>>;
  readonly steps: Readonly<Record<Kind, readonly Stepped[]>>;
  readonly operation: string;
};

async function vote(
  nodes: ChildProcess,
  workshop: Workshop,
  chainId: ChainId,
  addresses: readonly EdgeNode[],
  signer: string,
): Promise<Run> {
  const { clock, notBefore } = leapingClock();
  const tookMs = { preattestation: [] as number[], attestation: [] as number[] };
  const steps = { preattestation: [] as Stepped[], attestation: [] as Stepped[] };
  const underWay = new Set<Kind>();
  let [level, operation] = [0, ''];
  let before: LineState | undefined;
  const running: RunningEndorser = runEndorser({
    ...{
      chainId,
      nodes: addresses,
      quorum: undefined,
      signers: [signer],
      keys: [workshop.keys[0].pkh],
    },
    ...{ sign: 'at_prequorum', clock, metrics: openMetrics('endorser', METRICS) },
    log: votesOf((kind, ms) => {
      underWay.delete(kind);
      if (level > WARM_UP_LEVELS) tookMs[kind].push(ms);
    }),
    watch: (event, effects) => {
      for (const effect of effects) {
        if (effect.kind === 'inject') ({ operation } = effect);
        const [ballot] = effect.kind === 'sign' ? effect.ballots : [];
        if (ballot === undefined || before === undefined) continue;
        underWay.add(ballot.kind);
        steps[ballot.kind].push({ before, event });
      }
      before = running.endorser.state();
    },
  });
  for (let word = await next(nodes); word.kind !== 'ready'; word = await next(nodes)) {
    if (word.kind === 'done') {
      if (word.attested < word.rights * INCLUDED_MIN)
        throw new Error(
          `only ${word.attested.toString()} of ${word.rights.toString()} votes are on the chain`,
        );
      break;
    }
    ({ level } = word);
    // The clock must not leap over a vote.
    while (underWay.size > 0) await new Promise(resolve => setTimeout(resolve, 1));
    nodes.send({ kind: 'at', at: notBefore(word.at) } satisfies ToNodes);
  }
  await running.close();
  return { tookMs, steps, operation };
}

async function figuresOf(
  { tookMs, steps, operation }: Run,
  workshop: Workshop,
  chainId: ChainId,
  nodes: readonly EdgeNode[],
  signer: string,
): Promise<readonly Figure[]> {
  const pool = openNodePool({ nodes }, () => undefined);
  const shared = [
    await roundTripMs(signer),
    await commitMs(workshop, chainId),
    await signatureMs(workshop, chainId),
    await handOverMs(pool, operation),
  ];
  await pool.close();
  const verifier = nativeVerifier();
  const figures: Figure[] = [];
  for (const kind of ['preattestation', 'attestation'] as const) {
    const step = await stepMs(steps[kind].slice(WARM_UP_LEVELS), verifier);
    const parts = [step, ...shared];
    for (const [name, share] of Object.entries(QUANTILES)) {
      const value = quantile(tookMs[kind], share);
      const sum = parts.reduce((all, part) => all + quantile(part, share), 0);
      figures.push({
        ...{ bench: 'vote', what: `${CAUSES[kind]}, ${name}`, value: rounded(value), unit: 'ms' },
        ...{
          beside: 'the sum of its parts',
          besideValue: rounded(sum),
          ratio: rounded(value / sum),
        },
      });
    }
  }
  return figures;
}

/** A clock that goes as fast as ours and can be set ahead, never back. */
function leapingClock(): {
  readonly clock: Clock;
  readonly notBefore: (at: number) => number;
} {
  let ahead = 0;
  const clock: Clock = () => instant(performance.timeOrigin + performance.now() + ahead);
  return {
    clock,
    notBefore: at => {
      ahead += Math.max(0, at - clock());
      return clock();
    },
  };
}

/** A log that hears of votes alone. */
function votesOf(told: (kind: Kind, tookMs: number) => void): Log {
  const silent = (): void => undefined;
  return {
    debug: silent,
    warn: silent,
    error: silent,
    info: (event, fields) => {
      const { kind, tookMs } = (fields ?? {}) as { kind?: Kind; tookMs?: number };
      if (event === 'vote' && kind !== undefined && tookMs !== undefined) told(kind, tookMs);
    },
  };
}

async function next(nodes: ChildProcess): Promise<FromNodes> {
  const [message] = (await once(nodes, 'message')) as [FromNodes];
  return message;
}

function signerFile(workshop: Workshop, chainId: ChainId): string {
  return workshop.configure('signer', {
    site: SITE,
    chains: [chainId],
    listen: { port: 0 },
    operations: { port: 0 },
    store: workshop.store,
    journal: workshop.journal,
    keys: keysOf(workshop),
  });
}
