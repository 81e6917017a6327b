import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Cell } from './cells.ts';
import type { Played } from './judge.ts';
import type { Errand } from './worker.ts';

/**
 * Plays cells on all processors, each thread the next cell that is left, the dearest first.
 * @returns what came of them, in the order of the cells
 */
export async function playAll(
  cells: readonly Cell[],
  { levels, seed }: Omit<Errand, 'cell'>,
  told: (played: Played) => void,
): Promise<readonly Played[]> {
  const left = cells.toSorted((one, other) => other.keys - one.keys);
  const done = new Map<string, Played>();
  const count = Math.min(availableParallelism(), cells.length);
  const play = async (): Promise<void> => {
    const worker = new Worker(new URL('worker.ts', import.meta.url));
    for (let cell = left.shift(); cell !== undefined; cell = left.shift()) {
      worker.postMessage({ cell: cell.name, levels, seed } satisfies Errand);
      // An error of the thread rejects.
      const [played] = (await once(worker, 'message')) as [Played];
      done.set(played.cell, played);
      told(played);
    }
    await worker.terminate();
  };
  await Promise.all(Array.from({ length: count }, play));
  return cells.flatMap(({ name }) => done.get(name) ?? []);
}
