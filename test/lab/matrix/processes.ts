import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Cell } from './cells.ts';
import { whyNot, type Played } from './judge.ts';
import type { Errand } from './worker.ts';

const START = join(import.meta.dirname, '../start/main.ts');
/** Seconds into the run: a fault lasts for less than rights are agreed on ahead, and what comes after it is seen. */
const [FROM, TO] = ['8s', '20s'];

/** What `npm start --json` says in the end, as far as a cell is about it. */
type Summary = Pick<Played, 'levels' | 'rights' | 'attested' | 'missed' | 'missedReasons'> &
  Pick<Played, 'doubleSigns'>;

/**
 * Plays cells with real processes, one after another: a chain with five edge nodes, two signers, an endorser. What left
 * too late or was wrong is not seen here but by the chain.
 */
export async function playWithProcesses(
  cells: readonly Cell[],
  { levels, seed }: Omit<Errand, 'cell'>,
  told: (played: Played) => void,
): Promise<readonly Played[]> {
  const played: Played[] = [];
  for (const cell of cells) {
    const one = await playOne(cell, levels, seed);
    told(one);
    played.push(one);
  }
  return played;
}

async function playOne(cell: Cell, levels: number, seed: number): Promise<Played> {
  const faults = (cell.processes ?? []).flatMap((fault, at) => [
    '--fault',
    `node${(at + 1).toString()}=${fault}@${FROM}-${TO}`,
  ]);
  const args = ['--levels', levels.toString(), '--seed', seed.toString(), '--json', ...faults];
  const { summary, ended } = await run([START, ...args]);
  const { rights, attested, missed, missedReasons, doubleSigns } = summary;
  const addedDelayMs = { count: 0, p50: null, p99: null, max: null };
  const seen = { rights, attested, missed, doubleSigns, published: attested, wrongVotes: 0 };
  const broken = ended === 0 ? null : `daemons ended by an error ${ended.toString()} times`;
  const why = whyNot(cell.expects, { ...seen, missedLevels: [], addedDelayMs, broken });
  return {
    ...{ cell: cell.name, expects: cell.expects, held: why === null, why },
    ...{ levels: summary.levels, ...seen, missedReasons, addedDelayMs },
    ...{ receipts: {}, cpuSeconds: 0 },
  };
}

/** Nobody is killed here: a daemon that says why it ends has died of what nodes said, and was started again. */
const DEATH = '"event":"failed"';

/** Runs the system, and counts the daemons that did not live through it. */
async function run(
  args: readonly string[],
): Promise<{ readonly summary: Summary; readonly ended: number }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let ended = 0;
  createInterface(child.stderr).on('line', line => (ended += line.includes(DEATH) ? 1 : 0));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(child, 'close');
  const line = output.trimEnd().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) throw new Error(`npm start -- ${args.join(' ')} said nothing`);
  return { summary: JSON.parse(line) as Summary, ended };
}
