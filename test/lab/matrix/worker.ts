import { parentPort } from 'node:worker_threads';
import { CELLS } from './cells.ts';
import { playCell } from './play.ts';

/* A thread that plays the cells it is told of, one after another. */

/** What a thread is told to play. */
export type Errand = { readonly cell: string; readonly levels: number; readonly seed: number };

parentPort?.on('message', ({ cell: name, levels, seed }: Errand) => {
  const cell = CELLS.find(each => each.name === name);
  if (cell === undefined) throw new Error(`there is no cell ${name}`);
  void playCell(cell, levels, seed).then(played => parentPort?.postMessage(played));
});
