import { duration, instant, later, seededRandom, type Instant } from '@meridian/prelude';
import { createChain, type ChainEvent, type SandboxChain } from '@meridian/sandbox-chain';
import type { Verdict } from '@meridian/sandbox-chain';
import type { Ballot } from '@meridian/tenderbake';
import { PROTOCOLS, type PublicKeyHash, type SecretKey } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed } from '@meridian/tezos/crypto';
import type { WatermarkStore } from '@meridian/watermark-store';
import { createEndorser, type Endorser } from './endorser.ts';
import { createNodes, type Nodes } from './nodes.ts';
import type { Simulation } from './options.ts';
import { areMostWell, planOf, type Plan } from './plan.ts';
import { newReasons, type Reasons } from './reasons.ts';
import { newRecorder, type Recorder } from './recorder.ts';
import type { SimulationResult } from './result.ts';
import { createRogue, type Rogue } from './rogue.ts';
import { startSigner, type Signer } from './signer.ts';
import { newTruth, type Truth } from './truth.ts';

const GENESIS = instant(1_800_000_000_000);
const TICK_MS = 250;
const GUEST_STAKE = 40;
const ROBOT_STAKE = 100;
/** More keys than this do not fit into a lottery: all bakers attest, where a protocol has that. */
const LOTTERY_KEYS_MAX = 8;
const MISSED_LEVELS_MAX = 20;

/**
 * Runs production automata, store and chain in virtual time. The same simulation gives the same result.
 * @param guard puts something in the place of the store, so that a test sees what a weak one comes to
 */
export async function simulate(
  of: Simulation,
  guard: (store: WatermarkStore) => WatermarkStore = store => store,
): Promise<SimulationResult> {
  const plan = planOf(of);
  const secrets = secretsOf(of);
  const world = new World(of, plan, chainOf(of, plan, secrets));
  return world.run(secrets, guard);
}

type Entry = { readonly at: Instant; readonly act: () => void | Promise<void> };

class World {
  readonly #of: Simulation;
  readonly #chain: SandboxChain;
  readonly #queue: Entry[] = [];
  readonly #recorder: Recorder = newRecorder();
  readonly #reasons: Reasons;
  readonly #plan: Plan;
  readonly #restarts: Set<number>;
  readonly #truth: Truth;
  readonly #counts = {
    ...{ rights: 0, attested: 0, published: 0, wrongVotes: 0 },
    ...{ laterRounds: 0, endorserRestarts: 0 },
  };
  readonly #missedLevels = new Set<number>();
  readonly #missedReasons: Record<string, number> = {};
  readonly #random;
  #broken: string | null = null;
  #now: Instant = GENESIS;
  /** Levels at which no majority of the nodes spoke the truth. */
  readonly #badLevels = new Set<number>();

  constructor(of: Simulation, plan: Plan, chain: SandboxChain) {
    this.#of = of;
    this.#plan = plan;
    this.#chain = chain;
    this.#truth = newTruth(chain);
    this.#random = seededRandom(of.seed);
    this.#restarts = new Set(plan.endorserRestarts);
    const isBadLine = plan.lostPercent + plan.reorderedPercent + plan.signerDeathPercent > 0;
    this.#reasons = newReasons(level => isBadLine || this.#badLevels.has(level));
  }

  async run(
    secrets: ReadonlyMap<PublicKeyHash, SecretKey>,
    guard: (store: WatermarkStore) => WatermarkStore,
  ): Promise<SimulationResult> {
    const signer = await startSigner({
      chainId: this.#chain.chainId,
      secrets,
      now: () => this.#now,
      random: seededRandom(this.#of.seed ^ 0x516e),
      deathPercent: this.#plan.signerDeathPercent,
      recorder: this.#recorder,
      guard,
      broken: what => (this.#broken ??= what),
    });
    const rogue = createRogue({
      ...{ chainId: this.#chain.chainId, signer, percent: this.#plan.roguePercent },
      random: seededRandom(this.#of.seed ^ 0x2063),
    });
    const { nodes, endorser } = this.#parts(signer, rogue, new Set(secrets.keys()));
    const tick = async (): Promise<void> => {
      this.#later(TICK_MS, tick);
      await endorser.tick();
    };
    this.#later(TICK_MS, tick);
    while (this.#chain.head().level < this.#of.levels + 2 && this.#broken === null) {
      await this.#step(nodes, endorser);
    }
    return this.#result(signer, rogue, nodes, new Set(secrets.keys()));
  }

  #parts(
    signer: Signer,
    rogue: Rogue,
    keys: ReadonlySet<PublicKeyHash>,
  ): { readonly nodes: Nodes; readonly endorser: Endorser } {
    const [now, after] = [() => this.#now, this.#later.bind(this)];
    const { chainId } = this.#chain;
    const nodes: Nodes = createNodes({
      ...{ chain: this.#chain, plan: this.#plan, random: this.#random, now, later: after },
      hear: (event, isTrue) => {
        if (isTrue) this.#truth.heard(event);
        return endorser.hear(event);
      },
    });
    const endorser: Endorser = createEndorser({
      ...{ chainId, keys, signer, rogue, now, later: after, reasons: this.#reasons },
      read: nodes.read,
      restart: nodes.restart,
      signed: ballot => this.#lookAt(ballot),
      inject: (ballot, operation) => {
        this.#truth.handedOver(ballot, this.#now);
        const { level, round } = ballot;
        nodes.inject({ operation, level, round });
      },
    });
    return { nodes, endorser };
  }

  /** Whatever is due next, on the chain or outside it; then the promises are looked after. */
  async #step(nodes: Nodes, endorser: Endorser): Promise<void> {
    const [first] = this.#queue;
    const wake = this.#chain.nextWake();
    this.#now = first !== undefined && first.at < wake ? first.at : wake;
    const events = this.#chain.advanceTo(this.#now);
    await this.#lookAfter(events, nodes, endorser);
    nodes.spread(events);
    for (let next = this.#queue[0]; next !== undefined && next.at <= this.#now;) {
      this.#queue.shift();
      await next.act();
      [next] = this.#queue;
    }
    for (const verdict of this.#chain.takeVerdicts()) this.#judge(verdict);
  }

  async #lookAfter(events: readonly ChainEvent[], nodes: Nodes, endorser: Endorser): Promise<void> {
    for (const event of events) {
      if (event.kind !== 'validated') continue;
      const { level } = event.block;
      this.#truth.block(event.block);
      if (!areMostWell(this.#plan.spells, level)) this.#badLevels.add(level);
      if (!this.#restarts.delete(level)) continue;
      this.#counts.endorserRestarts += 1;
      this.#reasons.note(level, 'endorser_started');
      endorser.startAnew();
      await nodes.restartAll();
    }
  }

  #lookAt(ballot: Ballot): void {
    if (this.#truth.isRight(ballot)) return;
    this.#counts.wrongVotes += 1;
    const { kind, level, round, consensusKey } = ballot;
    const place = `level ${level.toString()} round ${round.toString()}`;
    this.#broken ??= `${kind} of what is not on the chain: ${consensusKey} at ${place}`;
  }

  #judge(verdict: Verdict): void {
    this.#counts.rights += 1;
    if (verdict.round > 0) this.#counts.laterRounds += 1;
    if (verdict.attestationSeen !== null) this.#counts.published += 1;
    if (verdict.attested) {
      this.#counts.attested += 1;
      return;
    }
    const why = this.#reasons.why(verdict);
    const place = `level ${verdict.level.toString()} round ${verdict.round.toString()}`;
    if (why === undefined) this.#broken ??= `missed for no reason: ${verdict.delegate} at ${place}`;
    const reason = why ?? 'unexplained';
    this.#missedReasons[reason] = (this.#missedReasons[reason] ?? 0) + 1;
    if (this.#missedLevels.size < MISSED_LEVELS_MAX) this.#missedLevels.add(verdict.level);
  }

  #later(ms: number, act: Entry['act']): void {
    const at = later(this.#now, duration(ms));
    // Behind what is due at the same time.
    let [place, end] = [0, this.#queue.length];
    while (place < end) {
      const middle = (place + end) >> 1;
      if ((this.#queue[middle]?.at ?? 0) > at) end = middle;
      else place = middle + 1;
    }
    this.#queue.splice(place, 0, { at, act });
  }

  #result(
    signer: Signer,
    rogue: Rogue,
    nodes: Nodes,
    keys: ReadonlySet<PublicKeyHash>,
  ): SimulationResult {
    const { rights, attested, published, wrongVotes } = this.#counts;
    const { laterRounds, endorserRestarts } = this.#counts;
    const doubles = this.#chain.doubleSignings().filter(({ delegate }) => keys.has(delegate));
    const turned = this.#plan.script.filter(
      ({ kind, level }) => kind === 'reorganisation' && level <= this.#of.levels,
    );
    return {
      levels: this.#of.levels,
      ...{ rights, attested, missed: rights - attested, published, wrongVotes },
      addedDelayMs: this.#truth.added(),
      receipts: nodes.receipts(),
      missedLevels: [...this.#missedLevels],
      missedReasons: this.#missedReasons,
      doubleSigns: doubles.length,
      refusals: this.#reasons.refusals(),
      laterRounds,
      reorganisations: turned.length,
      signerDeaths: signer.deaths(),
      endorserRestarts,
      rogueRefusals: rogue.refused(),
      signatures: this.#recorder.places(),
      broken: this.#broken ?? (doubles.length > 0 ? 'the chain saw a double signing' : null),
    };
  }
}

function secretsOf({ keys, curves }: Simulation): ReadonlyMap<PublicKeyHash, SecretKey> {
  return new Map(
    Array.from({ length: keys }, (_, at) => {
      const seed = new Uint8Array(32).fill(11);
      new DataView(seed.buffer).setUint32(0, at + 1);
      const secret = secretKeyOfSeed(curves[at % curves.length] ?? 'tz1', seed);
      return [publicKeyHashOf(publicKeyOf(secret)), secret];
    }),
  );
}

function chainOf(
  { seed, protocol: name, keys }: Simulation,
  { script }: Plan,
  secrets: ReadonlyMap<PublicKeyHash, SecretKey>,
): SandboxChain {
  const protocol = PROTOCOLS.find(({ number }) => number === name);
  if (protocol === undefined) throw new Error(`there is no protocol ${name}`);
  return createChain({
    ...{ seed, protocol, genesisTime: GENESIS, script },
    minimalBlockDelay: duration(1_000),
    delayIncrementPerRound: duration(1_000),
    ...{ committeeSize: 256, blocksPerCycle: 64 },
    allBakersAttest: keys > LOTTERY_KEYS_MAX && name !== '023',
    robots: { tz1: 3, tz2: 1, tz3: 1, tz4: 2 },
    robotStake: ROBOT_STAKE * keys,
    guests: [...secrets].map(([delegate, secret]) => ({
      ...{ delegate, consensusKey: publicKeyOf(secret), stake: GUEST_STAKE },
    })),
    latency: { min: duration(5), max: duration(60) },
  });
}
