import { duration, instant, type Instant } from '@meridian/prelude';
import { PROTOCOLS, type Protocol } from '@meridian/tezos';
import type { Activation, ChainOptions } from '@meridian/sandbox-chain';
import { TROUBLES } from '@meridian/sandbox-chain/troubles';
import { readFault } from './faults.ts';
import { readGuests, STAKE_MAX } from './guests.ts';
import { readScenario, type Scenario } from './scenario.ts';
import { LEVEL_MAX, readScript } from './script.ts';
import type { SandboxOptions } from './sandbox.ts';
import { misused, whole } from './words.ts';

/** What the command line gives, as text. */
export type Words = {
  readonly nodes: string;
  readonly blockTime: string;
  readonly startIn: string;
  readonly guest: readonly string[];
  readonly guestsFile?: string;
  readonly robotStake: string;
  readonly protocol: string;
  readonly seed: string;
  readonly fault: readonly string[];
  readonly script: readonly string[];
  readonly activate: readonly string[];
  readonly scenario?: string;
  readonly controlPort: string;
  readonly portBase: string;
  readonly readyFd: string;
  readonly allBakersAttest: boolean;
};

/** What the words mean. */
export type Wanted = {
  readonly chain: ChainOptions;
  readonly sandbox: SandboxOptions;
  /** Where the line with the addresses goes. */
  readonly readyFd: number;
};

const NO_SCENARIO: Scenario = { faults: [], troubles: [], activations: [] };
const NODES_MAX = 32;
const BLOCK_TIME_SECONDS_MAX = 60;
const START_IN_SECONDS_MAX = 3_600;
const PORT_MAX = 65_535;
const SEED_MAX = 2 ** 31 - 1;
const READY_FD_MAX = 255;

/**
 * Reads the words of a command line.
 * @param now when the chain begins, rounded up to a whole second
 * @throws SandboxError `misused`, naming the option
 */
export function readWords(words: Words, now: Instant): Wanted {
  const nodes = whole('--nodes', words.nodes, 1, NODES_MAX);
  const portBase = whole('--port-base', words.portBase, 0, PORT_MAX);
  if (portBase + nodes - 1 > PORT_MAX) {
    throw misused(`--port-base ${portBase} leaves no ports for ${nodes} nodes`);
  }
  const scenario = words.scenario === undefined ? NO_SCENARIO : readScenario(words.scenario);
  return {
    chain: chainOptions(words, scenario, now),
    sandbox: {
      nodes,
      portBase,
      controlPort: whole('--control-port', words.controlPort, 0, PORT_MAX),
      faults: [...words.fault.map(readFault), ...scenario.faults],
    },
    readyFd: whole('--ready-fd', words.readyFd, 1, READY_FD_MAX),
  };
}

function chainOptions(words: Words, scenario: Scenario, now: Instant): ChainOptions {
  const guests = readGuests(words.guest, words.guestsFile);
  const script = [...words.script.map(readScript), ...scenario.troubles];
  const stranger = script.find(trouble => 'guest' in trouble && trouble.guest > guests.length);
  if (stranger !== undefined && 'guest' in stranger) {
    const { word } = TROUBLES[stranger.kind];
    throw misused(
      `${word} at level ${stranger.level}: there are ${guests.length} guests, no ${stranger.guest}`,
    );
  }
  const seconds = whole('--block-time', words.blockTime, 1, BLOCK_TIME_SECONDS_MAX);
  const startIn = whole('--start-in', words.startIn, 0, START_IN_SECONDS_MAX);
  return {
    seed: whole('--seed', words.seed, 0, SEED_MAX),
    protocol: protocolNamed('--protocol', words.protocol),
    genesisTime: instant((Math.ceil(now / 1_000) + startIn) * 1_000),
    minimalBlockDelay: duration(seconds * 1_000),
    // Half of the first round for each later one, as on mainnet, in whole seconds.
    delayIncrementPerRound: duration(Math.ceil(seconds / 2) * 1_000),
    committeeSize: 256,
    blocksPerCycle: 8,
    allBakersAttest: words.allBakersAttest,
    robots: { tz1: 2, tz2: 1, tz3: 1, tz4: 2 },
    robotStake: whole('--robot-stake', words.robotStake, 1, STAKE_MAX),
    guests,
    latency: { min: duration(5), max: duration(50) },
    script,
    activations: activationsOf([...words.activate.map(readActivation), ...scenario.activations]),
  };
}

/** Reads `025@20` of an `--activate`. */
function readActivation(text: string): Activation {
  const [name = '', at = '', ...more] = text.split('@');
  if (more.length > 0) throw misused(`--activate ${text} has one level, such as 025@20`);
  const level = whole(`the level of --activate ${name}`, at, 1, LEVEL_MAX);
  return { level, protocol: protocolNamed('the protocol of --activate', name) };
}

/** All protocols that follow, by level. */
function activationsOf(all: readonly Activation[]): readonly Activation[] {
  const ascending = all.toSorted((one, other) => one.level - other.level);
  const twice = ascending.find(({ level }, at) => ascending[at + 1]?.level === level);
  if (twice === undefined) return ascending;
  throw misused(`two protocols begin at level ${twice.level}`);
}

function protocolNamed(what: string, name: string): Protocol {
  const full = PROTOCOLS.filter(({ support }) => support === 'full');
  const found = full.find(({ number, codec, hash }) => [number, codec, hash].includes(name));
  if (found !== undefined) return found;
  throw misused(`${what} is one of ${full.map(({ number }) => number).join(', ')}`);
}
