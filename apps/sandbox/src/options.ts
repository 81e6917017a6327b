import { duration, instant, type Instant } from '@meridian/prelude';
import { PROTOCOLS, TezosError, type Protocol, type PublicKey } from '@meridian/tezos';
import { publicKey, publicKeyHashOf } from '@meridian/tezos/crypto';
import type { Baker, ChainOptions } from '@meridian/sandbox-chain';
import { SandboxError } from './errors.ts';
import { readFault } from './faults.ts';
import type { SandboxOptions } from './sandbox.ts';

/** What the command line gives, as text. */
export type Words = {
  readonly nodes: string;
  readonly blockTime: string;
  readonly startIn: string;
  readonly guest: readonly string[];
  readonly protocol: string;
  readonly seed: string;
  readonly fault: readonly string[];
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

const NODES_MAX = 32;
const BLOCK_TIME_SECONDS_MAX = 60;
const START_IN_SECONDS_MAX = 3_600;
const PORT_MAX = 65_535;
const SEED_MAX = 2 ** 31 - 1;
const READY_FD_MAX = 255;
/** Stake of a guest that names none; the robots' are of the same size. */
const STAKE_DEFAULT = 100;
const STAKE_MAX = 1_000_000;

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
  return {
    chain: chainOptions(words, now),
    sandbox: {
      nodes,
      portBase,
      controlPort: whole('--control-port', words.controlPort, 0, PORT_MAX),
      faults: words.fault.map(readFault),
    },
    readyFd: whole('--ready-fd', words.readyFd, 1, READY_FD_MAX),
  };
}

function chainOptions(words: Words, now: Instant): ChainOptions {
  const seconds = whole('--block-time', words.blockTime, 1, BLOCK_TIME_SECONDS_MAX);
  const startIn = whole('--start-in', words.startIn, 0, START_IN_SECONDS_MAX);
  return {
    seed: whole('--seed', words.seed, 0, SEED_MAX),
    protocol: protocolNamed(words.protocol),
    genesisTime: instant((Math.ceil(now / 1_000) + startIn) * 1_000),
    minimalBlockDelay: duration(seconds * 1_000),
    // Half of the first round for each later one, as on mainnet, in whole seconds.
    delayIncrementPerRound: duration(Math.ceil(seconds / 2) * 1_000),
    committeeSize: 256,
    blocksPerCycle: 8,
    allBakersAttest: words.allBakersAttest,
    robots: { tz1: 2, tz2: 1, tz3: 1, tz4: 2 },
    guests: words.guest.map(guestOf),
    latency: { min: duration(5), max: duration(50) },
    script: [],
  };
}

function protocolNamed(name: string): Protocol {
  const full = PROTOCOLS.filter(({ support }) => support === 'full');
  const found = full.find(({ number, codec, hash }) => [number, codec, hash].includes(name));
  if (found !== undefined) return found;
  throw misused(`--protocol is one of ${full.map(({ number }) => number).join(', ')}`);
}

/** `<public key>` or `<public key>:<stake>`. */
function guestOf(text: string): Baker {
  const [keyText = '', stakeText] = text.split(':');
  const key = keyOf(keyText);
  const stake = stakeText === undefined ? STAKE_DEFAULT : whole('a stake', stakeText, 1, STAKE_MAX);
  return { delegate: publicKeyHashOf(key), consensusKey: key, stake };
}

function keyOf(text: string): PublicKey {
  try {
    return publicKey(text);
  } catch (error) {
    if (!(error instanceof TezosError)) throw error;
    throw misused(`--guest takes a public key and a stake, such as edpk…:100 (${error.message})`);
  }
}

function whole(what: string, text: string, min: number, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw misused(`${what} is a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
}

function misused(text: string): SandboxError {
  return new SandboxError('misused', text);
}
