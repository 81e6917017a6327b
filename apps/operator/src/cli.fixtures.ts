import { runCommandLine } from './cli.ts';
import type { Conversation } from './conversation.ts';
import type { Terminal } from './terminal.ts';

/** What a command line printed and exited with. */
export type Run = {
  readonly status: number;
  readonly output: readonly string[];
  readonly notes: readonly string[];
};

/**
 * Runs a command line in this process, with `input` as its standard input, and perhaps somebody to ask and to stop it.
 */
export async function run(
  args: readonly string[],
  input = '',
  converse?: Conversation,
  onStop: Terminal['onStop'] = () => () => undefined,
): Promise<Run> {
  const output: string[] = [];
  const notes: string[] = [];
  const status = await runCommandLine(args, {
    readInput: () => Promise.resolve(input),
    print: line => output.push(line),
    note: line => notes.push(line),
    onStop,
    converse,
  });
  return { status, output, notes };
}

/** The object on the last line of output. */
export function lastJson({ output }: Run): Record<string, unknown> {
  return JSON.parse(output.at(-1) ?? '') as Record<string, unknown>;
}
