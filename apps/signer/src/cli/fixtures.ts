import { assert } from '@meridian/prelude';
import { runAdministration } from '../cli.ts';

/** What a command line said, and what the process would have ended with. */
export type Run = { readonly status: number; readonly output: string[]; readonly notes: string[] };

/** Runs a command line of administration in this process. */
export async function run(...args: readonly string[]): Promise<Run> {
  const [output, notes]: [string[], string[]] = [[], []];
  const running = runAdministration(args, {
    print: line => output.push(line),
    note: line => notes.push(line),
  });
  assert(running !== undefined, 'the command line is no daemon’s');
  return { status: await running, output, notes };
}
