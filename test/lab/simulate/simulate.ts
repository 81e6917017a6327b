import { pathOf, type Verifier } from '@meridian/chain-view';
import {
  duration,
  instant,
  later,
  seededRandom,
  type Duration,
  type Instant,
} from '@meridian/prelude';
import {
  createChain,
  createNode,
  type ChainEvent,
  type SandboxChain,
} from '@meridian/sandbox-chain';
import type { Ballot } from '@meridian/tenderbake';
import { fromHex, level, PROTOCOLS, round } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed } from '@meridian/tezos/crypto';
import { sign, verify, verifyAggregate } from '@meridian/tezos/crypto';
import { newLine, operationHex, signBytesOf, stepLine } from '@meridian/vote-line';
import type { LineEffect, LineEvent, LineState } from '@meridian/vote-line';
import { NO_MAX_LEVEL, signRequest } from '@meridian/watermark';
import { provision, takeOver } from '@meridian/watermark/administration';
import { memoryStore, type WatermarkStore } from '@meridian/watermark-store';

/** What is simulated; everything else follows from it. */
export type Simulation = {
  readonly seed: number;
  readonly levels: number;
  readonly protocol: string;
  /** Nodes that say and take nothing, from one level to another. */
  readonly silent: readonly { readonly node: number; readonly from: number; readonly to: number }[];
  /** Levels at which the endorser forgets all that it knows. */
  readonly restarts: readonly number[];
};

/** What became of it. */
export type SimulationResult = {
  readonly levels: number;
  readonly rights: number;
  readonly attested: number;
  readonly missed: readonly number[];
  readonly doubleSigns: number;
  readonly refusals: Readonly<Record<string, number>>;
  readonly rounds: number;
};

const NODES = 5;
const GENESIS = instant(1_800_000_000_000);
const MESSAGE_MS_MAX = 30;
const SIGN_MS = 2;
const TICK_MS = 250;
const FLOOR = { level: level(0), round: round(0) };
const HOLDER = { site: 'here', epoch: 1, incarnation: 'simulated', generation: 0 };
const VERIFIER = { verify, verifyAggregate } as unknown as Verifier;
const secret = secretKeyOfSeed('tz1', new Uint8Array(32).fill(11));
const key = publicKeyOf(secret);
const pkh = publicKeyHashOf(key);

/** Runs the production automata, store rule and chain in virtual time. The same simulation gives the same result. */
export async function simulate(of: Simulation): Promise<SimulationResult> {
  const world = new World(of, await activeStore(of));
  return world.run();
}

type Entry = { readonly at: Instant; readonly act: () => void | Promise<void> };

class World {
  readonly #of: Simulation;
  readonly #store: WatermarkStore;
  readonly #chain: SandboxChain;
  readonly #node;
  readonly #random;
  readonly #queue: Entry[] = [];
  readonly #refusals: Record<string, number> = {};
  readonly #restarts: Set<number>;
  #line: LineState;
  #now: Instant = GENESIS;

  constructor(of: Simulation, store: WatermarkStore) {
    this.#of = of;
    this.#store = store;
    this.#chain = chainOf(of);
    this.#node = createNode(this.#chain, { name: 'node', now: () => this.#now });
    this.#random = seededRandom(of.seed);
    this.#restarts = new Set(of.restarts);
    this.#line = this.#freshLine();
  }

  async run(): Promise<SimulationResult> {
    const missed: number[] = [];
    const counts = { rights: 0, rounds: 0 };
    this.#later(TICK_MS, () => this.#tick());
    while (this.#chain.head().level < this.#of.levels + 2) {
      const [first] = this.#queue;
      const wake = this.#chain.nextWake();
      this.#now = first !== undefined && first.at < wake ? first.at : wake;
      this.#spread(this.#chain.advanceTo(this.#now));
      for (
        let next = this.#queue[0];
        next !== undefined && next.at <= this.#now;
        next = this.#queue[0]
      ) {
        this.#queue.shift();
        await next.act();
      }
      for (const verdict of this.#chain.takeVerdicts()) {
        counts.rights += 1;
        if (verdict.round > 0) counts.rounds += 1;
        if (!verdict.attested) missed.push(verdict.level);
      }
    }
    return {
      levels: this.#of.levels,
      rights: counts.rights,
      attested: counts.rights - missed.length,
      missed,
      doubleSigns: this.#chain.doubleSignings().length,
      refusals: this.#refusals,
      rounds: counts.rounds,
    };
  }

  #freshLine(): LineState {
    const quorum = Math.floor(NODES / 2) + 1;
    return newLine(
      { chainId: this.#chain.chainId, keys: new Set([pkh]), quorum },
      { sign: 'at_prequorum' },
    );
  }

  #later(ms: number, act: Entry['act']): void {
    const at = later(this.#now, duration(ms));
    let place = this.#queue.length;
    while (place > 0 && (this.#queue[place - 1]?.at ?? 0) > at) place -= 1;
    this.#queue.splice(place, 0, { at, act });
  }

  #tick(): Promise<void> {
    this.#later(TICK_MS, () => this.#tick());
    return this.#hear({ kind: 'tick', at: this.#now });
  }

  #isSilent(node: number): boolean {
    const { level: at } = this.#chain.head();
    return this.#of.silent.some(each => each.node === node && at >= each.from && at < each.to);
  }

  /** What happens on the chain reaches each node, and through it the endorser, in its own time. */
  #spread(events: readonly ChainEvent[]): void {
    this.#node.deliver(events);
    for (const event of events) {
      if (event.kind === 'validated' && this.#restarts.delete(event.block.level))
        this.#line = this.#freshLine();
      for (let node = 1; node <= NODES; node += 1) {
        const word = this.#isSilent(node) ? undefined : wordOf(event, this.#chain.chainId);
        if (word === undefined) continue;
        const name = `node${node.toString()}`;
        this.#later(1 + this.#random.whole(MESSAGE_MS_MAX), () =>
          this.#hear({ ...word, node: name, at: this.#now }),
        );
      }
    }
  }

  async #hear(event: LineEvent): Promise<void> {
    const [next, effects] = stepLine(this.#line, VERIFIER, event);
    this.#line = next;
    for (const effect of effects) await this.#perform(effect);
  }

  async #perform(effect: LineEffect): Promise<void> {
    switch (effect.kind) {
      case 'sign':
        for (const ballot of effect.ballots) await this.#sign(ballot);
        return;
      case 'inject':
        this.#later(1 + this.#random.whole(MESSAGE_MS_MAX), () => {
          this.#chain.inject(this.#now, fromHex(effect.operation));
        });
        return;
      case 'read_marks':
        this.#later(SIGN_MS, () =>
          this.#hear({ kind: 'marks', at: this.#now, hash: effect.hash, marks: [] }),
        );
        return;
      case 'wake':
        this.#later(Math.max(0, effect.at - this.#now), () =>
          this.#hear({ kind: 'timer', at: this.#now, hash: effect.hash }),
        );
        return;
      case 'read':
        this.#read(effect.topic);
        return;
      case 'abstain':
      case 'facts':
      case 'fault':
      case 'proposal':
      case 'restart':
        return;
    }
  }

  #read(topic: Extract<LineEffect, { kind: 'read' }>['topic']): void {
    const [path = '', query = ''] = pathOf(topic).split('?');
    const reply = this.#node.handle({
      method: 'GET',
      path,
      query: new URLSearchParams(query),
      body: '',
    });
    if ('stream' in reply || reply.status !== 200) return;
    const value = JSON.parse(reply.body) as unknown;
    for (let node = 1; node <= NODES; node += 1) {
      if (this.#isSilent(node)) continue;
      const answer = { kind: 'answer', node: `node${node.toString()}`, topic, value } as const;
      this.#later(1 + this.#random.whole(MESSAGE_MS_MAX), () =>
        this.#hear({ ...answer, at: this.#now }),
      );
    }
  }

  async #sign(ballot: Ballot): Promise<void> {
    const bytes = signBytesOf(this.#chain.chainId, ballot);
    const permitted = await this.#store.advance(signRequest(pkh, bytes, HOLDER));
    if (!permitted.ok) {
      const { code } = permitted.error;
      this.#refusals[code] = (this.#refusals[code] ?? 0) + 1;
      return;
    }
    const operation = operationHex(ballot, sign(secret, bytes));
    this.#later(SIGN_MS, () => this.#hear({ kind: 'signed', at: this.#now, ballot, operation }));
  }
}

function chainOf({ seed, protocol: name, levels }: Simulation): SandboxChain {
  const protocol = PROTOCOLS.find(({ number }) => number === name);
  if (protocol === undefined) throw new Error(`there is no protocol ${name}`);
  const random = seededRandom(seed ^ 0x77);
  // Every so often a round is missed, or a prequorum has no quorum.
  const script = Array.from({ length: Math.floor(levels / 10) }, (_, at) => ({
    level: 5 + at * 10,
    ...random.pick([{ kind: 'missed_rounds', rounds: 1 }, { kind: 'no_quorum' }] as const),
  }));
  return createChain({
    ...{ seed, protocol, genesisTime: GENESIS, script },
    minimalBlockDelay: duration(1_000) satisfies Duration,
    delayIncrementPerRound: duration(1_000),
    committeeSize: 256,
    blocksPerCycle: 64,
    allBakersAttest: false,
    robots: { tz1: 3, tz2: 1, tz3: 1, tz4: 2 },
    guests: [{ delegate: pkh, consensusKey: key, stake: 40 }],
    latency: { min: duration(5), max: duration(60) },
  });
}

function wordOf(
  event: ChainEvent,
  chainId: string,
):
  | {
      readonly kind: 'block';
      readonly stream: 'validated_blocks' | 'heads';
      readonly item: unknown;
    }
  | { readonly kind: 'operations'; readonly items: readonly unknown[] }
  | undefined {
  if (event.kind === 'operation') return { kind: 'operations', items: [event.operation.value] };
  if (event.kind === 'head') return undefined;
  const { hash, header, operations } = event.block;
  const passes = operations.map(pass => pass.map(({ value }) => value));
  const item = { chain_id: chainId, hash, header, operations: passes };
  return { kind: 'block', stream: 'validated_blocks', item };
}

async function activeStore(of: Simulation): Promise<WatermarkStore> {
  const store = memoryStore();
  const { chainId } = chainOf({ ...of, levels: 0 });
  for (const kind of ['preattestation', 'attestation'] as const) {
    const row = { chainId, pkh, kind };
    const made = await store.administer(row, before =>
      provision(before, row, { ...HOLDER, epoch: 0 }, FLOOR, 'new'),
    );
    if (!made.ok) throw new Error(made.error);
    const authority = { ...HOLDER, by: 'first_use', maxLevel: NO_MAX_LEVEL, floor: FLOOR } as const;
    await store.administer(row, before => takeOver(before ?? made.value, authority));
  }
  return store;
}
