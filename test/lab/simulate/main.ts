import { parseArgs } from 'node:util';
import { simulate, type Simulation } from './simulate.ts';

/* `npm run simulate -- --seed S --levels N --json`: the line from block to vote in virtual time, with bad weather. */

const MISUSED = 2;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    levels: { type: 'string', default: '100' },
    protocol: { type: 'string', default: '025' },
    json: { type: 'boolean', default: false },
  },
});
const [seed, levels] = [Number(values.seed), Number(values.levels)];
if (!Number.isInteger(seed) || !Number.isInteger(levels) || levels < 1) {
  console.error('--seed and --levels are whole numbers');
  process.exitCode = MISUSED;
} else {
  const third = Math.floor(levels / 3);
  const simulation: Simulation = {
    ...{ seed, levels, protocol: values.protocol },
    // Two nodes fall silent for a third of the time, a third and fourth one for some levels.
    silent: [
      { node: 2, from: third, to: 2 * third },
      { node: 4, from: third + 2, to: 2 * third },
      { node: 1, from: third + 5, to: third + 15 },
      { node: 3, from: third + 5, to: third + 15 },
    ],
    restarts: [Math.floor(levels / 5), Math.floor((levels * 4) / 5)],
  };
  const startedAt = performance.now();
  const result = await simulate(simulation);
  const { missed, ...rest } = result;
  const summary = {
    seed,
    ...rest,
    missed: missed.length,
    missedLevels: missed,
    tookMs: Math.round(performance.now() - startedAt),
  };
  console.log(values.json ? JSON.stringify(summary) : summary);
  const held = missed.length === 0 && result.doubleSigns === 0;
  if (!held)
    console.error(
      `again: npm run simulate -- --seed ${values.seed} --levels ${values.levels} --protocol ${values.protocol} --json`,
    );
  process.exitCode = held ? 0 : 1;
}
