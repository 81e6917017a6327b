import type { Job } from '@meridian/chain-view';
import { runEndorser, type RunningEndorser } from '@meridian/endorser/compose';
import { METRICS } from '@meridian/endorser/metrics';
import { openNodePool, type EdgeNode } from '@meridian/node-pool';
import { instant, type Clock } from '@meridian/prelude';
import { openMetrics, type Log } from '@meridian/service';
import { signerClient } from '@meridian/signer-client';
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
  type Curve,
  type Workshop,
  SITE,
} from '../../start/workshop.ts';
import { quantile, rounded, type Figure } from '../measure.ts';
import type { FromNodes, ToNodes } from './nodes.ts';
import {
  checkMs,
  commitMs,
  handOverMs,
  roundTripMs,
  signatureMs,
  stepMs,
  type Stepped,
} from './parts.ts';

/** Who votes: one key as most have it, or all keys of a big house at once. */
export type Crowd = {
  readonly name: string;
  readonly keys: number;
  readonly curve: Curve;
  /** Levels that are voted on; during the first ones code is still being compiled. */
  readonly levels: number;
  readonly warmUp: number;
  /** What is told of the times: of one key also how bad the worst are. */
  readonly quantiles: Readonly<Record<string, number>>;
  /** The median that is wanted. */
  readonly limitMs: number;
};

const ONE = { keys: 1, levels: 90, warmUp: 25, quantiles: { p50: 0.5, p99: 0.99 }, limitMs: 2 };
const MANY = { keys: 500, levels: 8, warmUp: 2, quantiles: { p50: 0.5 } };

/** Every crowd that is measured. */
export const CROWDS: readonly Crowd[] = [
  { name: '1 key', curve: 'tz1', ...ONE },
  { name: '500 tz1 keys', curve: 'tz1', ...MANY, limitMs: 150 },
  { name: '500 tz4 keys', curve: 'tz4', ...MANY, limitMs: 300 },
];

/** Nothing was heard or done for so long: what a step set off is over. */
const CALM_MS = 8;
/** The clock may leap over a vote that a busy machine has not begun; a run that lost more measured nothing. */
const INCLUDED_MIN = 0.9;

/** What is measured, and the vote that it ends with. */
const CAUSES = {
  preattestation: 'block seen to preattestation handed over',
  attestation: 'prequorum to attestation handed over',
} as const;
type Kind = keyof typeof CAUSES;

/**
 * Keys, five nodes, one signer with its durable store, each in the process that it has in production except the
 * endorser, which runs here: how long the votes of all keys take from their cause to the
 * first node, beside the sum of their parts.
 */
export async function endorserFigures(crowd: Crowd): Promise<readonly Figure[]> {
  const workshop = newWorkshop(crowd.keys, [crowd.curve]);
  const nodes = fork(join(import.meta.dirname, 'nodes.ts'));
  let signer: Child | undefined;
  try {
    nodes.send({
      kind: 'begin',
      keys: workshop.keys.map(({ publicKey }) => publicKey),
      levels: crowd.levels,
    } satisfies ToNodes);
    const ready = await next(nodes);
    if (ready.kind !== 'ready') throw new Error('the nodes say where they are');
    const chainId = ready.chainId as ChainId;
    await provisionFirstUse(workshop, chainId);
    const config = signerFile(workshop, chainId);
    signer = startApp('signer', ['--config', config], 'signer', () => undefined);
    const { port } = await signer.ready;
    const url = `http://127.0.0.1:${String(port)}`;
    const run = await vote(nodes, crowd, workshop, chainId, ready.nodes, url);
    return await figuresOf(run, crowd, workshop, chainId, ready.nodes, url);
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
  /** What was checked last before each prequorum. */
  readonly checked: readonly (readonly Job[])[];
  /** The last vote of each key. */
  readonly operations: readonly string[];
};

async function vote(
  nodes: ChildProcess,
  crowd: Crowd,
  workshop: Workshop,
  chainId: ChainId,
  addresses: readonly EdgeNode[],
  signer: string,
): Promise<Run> {
  const { clock, notBefore } = leapingClock();
  /** Of the votes on one block the last one says how long they took. */
  const longest: Record<Kind, number> = { preattestation: 0, attestation: 0 };
  const tookMs = { preattestation: [] as number[], attestation: [] as number[] };
  const steps = { preattestation: [] as Stepped[], attestation: [] as Stepped[] };
  const underWay: Record<Kind, number> = { preattestation: 0, attestation: 0 };
  const operations = new Map<string, string>();
  const checked: (readonly Job[])[] = [];
  let underCheck: readonly Job[] = [];
  let [level, heardAt] = [0, 0];
  let before: LineState | undefined;
  const running: RunningEndorser = runEndorser({
    ...{
      chainId,
      nodes: addresses,
      quorum: undefined,
      signers: signerClient([signer]),
      keys: workshop.keys.map(({ pkh }) => pkh),
    },
    ...{ sign: 'at_prequorum', clock, metrics: openMetrics('endorser', METRICS) },
    log: votesOf((kind, ms) => {
      underWay[kind] -= 1;
      longest[kind] = Math.max(longest[kind], ms);
      if (underWay[kind] > 0) return;
      if (level > crowd.warmUp) tookMs[kind].push(longest[kind]);
      longest[kind] = 0;
    }),
    watch: (event, effects) => {
      for (const effect of effects) {
        if (effect.kind === 'inject') operations.set(effect.ballot.consensusKey, effect.operation);
        if (effect.kind === 'prequorum') checked.push(underCheck);
        if (effect.kind === 'verify') underCheck = effect.jobs;
        const [ballot] = effect.kind === 'sign' ? effect.ballots : [];
        if (effect.kind !== 'sign' || ballot === undefined || before === undefined) continue;
        underWay[ballot.kind] += effect.ballots.length;
        steps[ballot.kind].push({ before, event });
      }
      before = running.endorser.state();
      if (event.kind !== 'tick') heardAt = performance.now();
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
    // The clock must not leap over a vote, nor over what is still on its way to one.
    const isBusy = (): boolean =>
      underWay.preattestation + underWay.attestation > 0 ||
      running.endorser.state().view.batch.votes.length > 0 ||
      performance.now() - heardAt < CALM_MS;
    while (isBusy()) await new Promise(resolve => setTimeout(resolve, 1));
    nodes.send({ kind: 'at', at: notBefore(word.at) } satisfies ToNodes);
  }
  await running.close();
  return { tookMs, steps, checked, operations: [...operations.values()] };
}

async function figuresOf(
  { tookMs, steps, checked, operations }: Run,
  { name, keys, warmUp, quantiles, limitMs }: Crowd,
  workshop: Workshop,
  chainId: ChainId,
  nodes: readonly EdgeNode[],
  signer: string,
): Promise<readonly Figure[]> {
  const pool = openNodePool({ nodes }, () => undefined);
  const load = { votes: keys, times: keys > 1 ? 5 : 100 };
  const shared = [
    await roundTripMs(signer, load),
    await commitMs(workshop, chainId, load),
    await signatureMs(workshop, chainId, load),
    await handOverMs(pool, operations, load),
  ];
  await pool.close();
  const verifier = nativeVerifier();
  const figures: Figure[] = [];
  for (const kind of ['preattestation', 'attestation'] as const) {
    const step = await stepMs(steps[kind].slice(warmUp), verifier);
    const check = kind === 'attestation' ? [await checkMs(checked.slice(warmUp), verifier)] : [];
    const parts = [step, ...check, ...shared];
    for (const [quantileName, share] of Object.entries(quantiles)) {
      const what = `${name}: ${CAUSES[kind]}, ${quantileName}`;
      const value = quantile(tookMs[kind], share);
      const sum = parts.reduce((all, part) => all + quantile(part, share), 0);
      figures.push(besides(what, value, 'the sum of its parts', sum));
    }
    const median = quantile(tookMs[kind], 0.5);
    figures.push(besides(`${name}: ${CAUSES[kind]}, p50`, median, 'its limit', limitMs));
  }
  return figures;
}

function besides(what: string, value: number, beside: string, besideValue: number): Figure {
  return {
    ...{ bench: 'endorser', what, value: rounded(value), unit: 'ms', beside },
    ...{ besideValue: rounded(besideValue), ratio: rounded(value / besideValue) },
  };
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
