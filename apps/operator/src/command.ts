import type { Terminal } from './terminal.ts';

/** Options by their names in camel case; one that may be given several times is a list. */
export type Options = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** What a command was called with, after its names were taken off. */
export type Call = {
  readonly args: readonly string[];
  readonly options: Options;
  readonly terminal: Terminal;
};

/** What a command says in the end: lines for people, and the same as one object for programs. */
export type Outcome = {
  /** 0: done. 1: refused. */
  readonly status: 0 | 1;
  readonly lines: readonly string[];
  readonly json: unknown;
};

/** A row of the table of commands, from which the command line, its help and the docs come. */
export type Command = {
  /** The words after `meridian`, and its arguments: `codec decode <ID> <HEX>`. */
  readonly usage: string;
  readonly summary: string;
  readonly options?: readonly (readonly [flags: string, meaning: string])[];
  /** More that help says: lists that come from typed tables. */
  readonly details?: readonly string[];
  /** A line or two that can be typed as they stand. */
  readonly examples: readonly string[];
  readonly run: (call: Call) => Promise<Outcome>;
};
