import { simulate } from '@meridian/simulation';
import { endWithReader } from '../quiet.ts';
import { commandOf, readWords, USAGE } from './words.ts';

/* `npm run simulate -- --seed S --levels N --json`: the line from block to vote in virtual time, with bad weather. */

const MISUSED = 2;

endWithReader();
process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const read = readWords(args);
  if (!read.ok) {
    console.error(read.error);
    return MISUSED;
  }
  if (read.value === 'help') {
    console.log(USAGE);
    return 0;
  }
  const { simulation, json } = read.value;
  const startedAt = performance.now();
  const result = await simulate(simulation);
  const tookMs = Math.round(performance.now() - startedAt);
  const { seed, protocol, keys } = simulation;
  const summary = { seed, protocol, keys, ...result, tookMs };
  console.log(json ? JSON.stringify(summary) : summary);
  if (result.broken === null) return 0;
  console.error(`${result.broken}\nagain: ${commandOf(simulation)}`);
  return 1;
}
