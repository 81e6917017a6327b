import { endWithStarter } from '../processes.ts';
import { endWithReader } from '../quiet.ts';
import { playWithProcesses } from './processes.ts';
import { summaryOf, tableOf } from './table.ts';
import { playAll } from './threads.ts';
import { readWords, USAGE } from './words.ts';

/* `npm run matrix`: what nodes suffer from, times how many of them, and the votes that are cast meanwhile. */

const [FAILED, MISUSED] = [1, 2];

endWithReader();
process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const read = readWords(args);
  if (!read.ok) {
    console.error(`${read.error}; see npm run matrix -- --help`);
    return MISUSED;
  }
  if (read.value === 'help') {
    console.log(USAGE);
    return 0;
  }
  endWithStarter();
  const { cells, levels, seed, processes, json } = read.value;
  const startedAt = performance.now();
  const play = processes ? playWithProcesses : playAll;
  const played = await play(cells, { levels, seed }, ({ cell, held, why }) => {
    console.error(held ? `held    ${cell}` : `FAILED  ${cell}: ${why ?? ''}`);
  });
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  const summary = { levels, seed, seconds, ...summaryOf(played) };
  if (json) console.log(JSON.stringify(summary));
  else
    console.log(
      `${tableOf(played)}\n\n${summary.cells.toString()} cells in ${seconds.toString()} s`,
    );
  for (const cell of summary.failed) {
    const how = `--seed ${seed.toString()} --levels ${levels.toString()}`;
    const real = processes ? ' --processes' : '';
    console.error(`again: npm run matrix -- --only ${JSON.stringify(cell)} ${how}${real}`);
  }
  return summary.failed.length === 0 ? 0 : FAILED;
}
