import { seededRandom } from '@meridian/prelude';
import { simulate, type Simulation, type Spell } from '@meridian/simulation';
import { FIRST_SPELL, SPELLS, type Cell } from './cells.ts';
import { died, judged, type Played } from './judge.ts';

/** Levels in which each cell has a whole spell, and what comes after it. */
export const LEVELS_MIN = 60;
const NODES = [1, 2, 3, 4, 5] as const;

/** Plays a cell in virtual time, for so many levels; a cell that costs more is played for fewer. */
export async function playCell(cell: Cell, levels: number, seed: number): Promise<Played> {
  const before = process.threadCpuUsage();
  const fitting = Math.max(LEVELS_MIN, Math.ceil(levels / cell.shorter));
  try {
    const result = await simulate(simulationOf(cell, fitting, seed));
    const { user, system } = process.threadCpuUsage(before);
    return judged(cell, result, Math.round((user + system) / 1_000_000));
  } catch (error) {
    return died(cell, fitting, error instanceof Error ? error.message : String(error));
  }
}

/** What is simulated for a cell: every so often other nodes suffer, drawn from the seed. */
export function simulationOf(cell: Cell, levels: number, seed: number): Simulation {
  const { protocol, keys, curves, faults } = cell;
  const own = seedOf(cell.name, seed);
  return {
    ...{ seed: own, levels, protocol, keys, curves },
    faults: new Set(faults),
    spells: spellsOf(cell, levels, own),
  };
}

function spellsOf({ ailments, spells }: Cell, levels: number, seed: number): readonly Spell[] {
  const random = seededRandom(seed);
  const { levels: length, every } = SPELLS[spells];
  const starts = Array.from(
    { length: Math.ceil(levels / every) },
    (_, at) => FIRST_SPELL + at * every,
  );
  return starts.flatMap(from => {
    const left: number[] = [...NODES];
    return ailments.map((ailment): Spell => {
      const node = random.pick(left);
      left.splice(left.indexOf(node), 1);
      return { node, from, to: from + length, ailment };
    });
  });
}

/** Cells draw for themselves: one that is played alone is the same as among all others. */
function seedOf(name: string, seed: number): number {
  let hash = seed;
  for (const character of name) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) | 0;
  return Math.abs(hash);
}
