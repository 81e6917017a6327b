import { seededRandom } from '@meridian/prelude';
import type { Trouble } from '@meridian/sandbox-chain';
import type { Ailment } from './ailments.ts';
import { NODES, type Fault, type Simulation, type Spell } from './options.ts';

/** When what strikes. */
export type Plan = {
  readonly spells: readonly Spell[];
  /** Levels at whose first block the endorser is started anew. */
  readonly endorserRestarts: ReadonlySet<number>;
  /** How many in a hundred messages are lost, come twice, come late. */
  readonly lostPercent: number;
  readonly duplicatedPercent: number;
  readonly reorderedPercent: number;
  /** How many in a hundred requests to sign the signer does not survive. */
  readonly signerDeathPercent: number;
  /** How many in a hundred signatures are followed by the wish for another one at the same place. */
  readonly roguePercent: number;
  readonly script: readonly Trouble[];
};

const SILENT: Ailment = { kind: 'blackhole' };
const LYING: Ailment = { kind: 'lying' };
const FIRST_TROUBLE = 5;
const TROUBLE_EVERY = 10;
const RESTART_EVERY = 40;
const MESSAGE_PERCENT = 10;
const LOST_PERCENT = 5;
const SIGNER_DEATH_PERCENT = 5;
const ROGUE_PERCENT = 20;

/** The troubles of the chain that are faults here. */
const TROUBLES: readonly (readonly [Fault, (level: number) => Trouble])[] = [
  ['missed-rounds', level => ({ level, kind: 'missed_rounds', rounds: 1 })],
  ['no-quorum', level => ({ level, kind: 'no_quorum' })],
  ['reorgs', level => ({ level, kind: 'reorganisation' })],
];

/** A plan that follows from the simulation alone. */
export function planOf({ seed, levels, faults, spells: given = [] }: Simulation): Plan {
  const third = Math.floor(levels / 3);
  const silent = [...given, ...(faults.has('silent') ? silentSpells(third) : [])];
  const percent = (fault: Fault, of: number): number => (faults.has(fault) ? of : 0);
  return {
    spells: [...silent, ...(faults.has('lying') ? lyingSpells(third) : [])],
    endorserRestarts: new Set(
      faults.has('endorser-restarts') ? restarts(seed, levels, silent) : [],
    ),
    lostPercent: percent('lost', LOST_PERCENT),
    duplicatedPercent: percent('duplicated', MESSAGE_PERCENT),
    reorderedPercent: percent('reordered', MESSAGE_PERCENT),
    signerDeathPercent: percent('signer-restarts', SIGNER_DEATH_PERCENT),
    roguePercent: percent('rogue-requests', ROGUE_PERCENT),
    script: scriptOf(seed, levels, faults),
  };
}

/** Two nodes for a third of the time, two more for ten levels of it: one is left. */
function silentSpells(third: number): readonly Spell[] {
  return [
    { node: 2, from: third, to: 2 * third, ailment: SILENT },
    { node: 4, from: third + 2, to: 2 * third, ailment: SILENT },
    { node: 1, from: third + 5, to: third + 15, ailment: SILENT },
    { node: 3, from: third + 5, to: third + 15, ailment: SILENT },
  ];
}

/** One in the first third, two in the last: never together with the silent ones. */
function lyingSpells(third: number): readonly Spell[] {
  return [
    { node: 1, from: 0, to: third - 1, ailment: LYING },
    { node: 3, from: 2 * third + 2, to: 3 * third, ailment: LYING },
    { node: 5, from: 2 * third + 2, to: 3 * third, ailment: LYING },
  ];
}

/** Levels after which streams are open again, whatever was the matter: the longest timeout and pause of the pool. */
const RECOVERY_LEVELS = 6;
/** What liars in the majority agreed on is believed for as many levels as rights are agreed on ahead, and some more. */
const BELIEF_LEVELS = 18;

/** Whether most nodes are well at a level and beside it, and nothing is left of a time when they were not. */
export function areMostWell(spells: readonly Spell[], level: number): boolean {
  const illAt = (at: number, isLying: boolean): number => {
    const of = spells.filter(
      ({ from, to, ailment }) => from <= at && to >= at && (!isLying || ailment.kind === 'lying'),
    );
    return new Set(of.map(({ node }) => node)).size;
  };
  const wasBad = (levels: number, isLying: boolean): boolean =>
    Array.from({ length: levels + 2 }, (_, back) => level + 1 - back).some(
      at => illAt(at, isLying) > NODES / 2,
    );
  return !wasBad(RECOVERY_LEVELS, false) && !wasBad(BELIEF_LEVELS, true);
}

/** Rights are agreed on by most nodes: who starts anew while fewer speak has nothing to go by, so nobody does. */
function restarts(seed: number, levels: number, spells: readonly Spell[]): readonly number[] {
  const possible = Array.from({ length: levels }, (_, at) => at + 2).filter(level =>
    areMostWell(spells, level),
  );
  if (possible.length === 0) return [];
  const random = seededRandom(seed ^ 0x4e57);
  const count = Math.max(1, Math.floor(levels / RESTART_EVERY));
  return Array.from({ length: count }, () => random.pick(possible));
}

/** Every so often the chain has a trouble, drawn from those that are wanted. */
function scriptOf(seed: number, levels: number, faults: ReadonlySet<Fault>): readonly Trouble[] {
  const wanted = TROUBLES.filter(([fault]) => faults.has(fault));
  if (wanted.length === 0) return [];
  const random = seededRandom(seed ^ 0x77);
  return Array.from({ length: Math.floor(levels / TROUBLE_EVERY) }, (_, at) => {
    const [, trouble] = random.pick(wanted);
    return trouble(FIRST_TROUBLE + at * TROUBLE_EVERY);
  });
}
