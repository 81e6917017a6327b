import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { configurationKeys, readConfiguration } from './configuration.ts';
import { fieldsOf, openLog, type Log } from './log.ts';

/** What a daemon is. */
export type Daemon<Schema extends z.ZodObject> = {
  readonly app: string;
  readonly summary: string;
  readonly schema: Schema;
  /** Starts everything; what it notes in `atEnd` is closed in reverse order. */
  readonly start: (configuration: z.output<Schema>, world: DaemonWorld) => Promise<void>;
};

/** What a daemon is given to run in. */
export type DaemonWorld = {
  readonly log: Log;
  readonly atEnd: (close: () => Promise<void>) => void;
  /** Aborted as soon as a signal has come, before anything is closed. */
  readonly ending: AbortSignal;
  /** Ends the daemon, which is of no use any more; whoever supervises it starts it anew. */
  readonly fail: (error: Error) => void;
  /** Tells whoever started the daemon, on standard output, that it is of use: one JSON object in one line. */
  readonly announce: (facts: object) => void;
};

/** How long closing may take before the process ends all the same. */
const SHUTDOWN_MAX_MS = 2_000;
const REFUSED = 1;
const MISUSED = 2;

/**
 * Runs a daemon from its command line until a signal ends it. Exit status 0 after a signal, 1 when it could not start
 * or failed, 2 for a command line or configuration that is wrong.
 */
export async function runDaemon<Schema extends z.ZodObject>(daemon: Daemon<Schema>): Promise<void> {
  const command = commandOf(daemon);
  if (command === undefined) return;
  const configuration = configurationOf(daemon, command.config);
  if (configuration === undefined) return;
  if (command.check) {
    process.stdout.write('the configuration is good\n');
    return;
  }
  const { logLevel } = configuration as { logLevel?: string };
  const log = openLog(daemon.app, logLevel ?? 'info');
  const closing: (() => Promise<void>)[] = [];
  const ending = new AbortController();
  const fail = endWell(log, closing, ending);
  try {
    await daemon.start(configuration, {
      log,
      atEnd: close => closing.push(close),
      ending: ending.signal,
      fail,
      announce: facts => process.stdout.write(`${JSON.stringify({ app: daemon.app, ...facts })}\n`),
    });
    log.info('started');
  } catch (error) {
    log.error('not_started', fieldsOf(error));
    process.exit(REFUSED);
  }
}

type Command = { readonly config: string | undefined; readonly check: boolean };

function commandOf<Schema extends z.ZodObject>(daemon: Daemon<Schema>): Command | undefined {
  try {
    const { values } = parseArgs({
      options: {
        config: { type: 'string' },
        'check-config': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (!values.help) return { config: values.config, check: values['check-config'] };
    process.stdout.write(helpOf(daemon));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    complain([`${why.split('. ')[0] ?? why}; see --help`]);
  }
  return undefined;
}

function helpOf<Schema extends z.ZodObject>({ app, summary, schema }: Daemon<Schema>): string {
  const keys = configurationKeys(app, schema).map(
    ({ path, variable, description, byDefault }) =>
      `  ${path}\n      ${description}${byDefault === undefined ? '' : ` Default: ${byDefault}.`}\n      ${variable}\n`,
  );
  return [
    `${summary}\n\nUsage: meridian-${app} --config FILE [--check-config]\n\n`,
    'Keys of the file, with the variables that override them:\n',
    ...keys,
  ].join('');
}

function configurationOf<Schema extends z.ZodObject>(
  { app, schema }: Daemon<Schema>,
  path: string | undefined,
): z.output<Schema> | undefined {
  let text: string | undefined;
  try {
    text = path === undefined ? undefined : readFileSync(path, 'utf8');
  } catch (error) {
    complain([`${path ?? ''}: ${error instanceof Error ? error.message : String(error)}`]);
    return undefined;
  }
  const read = readConfiguration({ app, schema, text, env: process.env });
  if (read.ok) return read.value;
  complain(read.error);
  return undefined;
}

function complain(lines: readonly string[]): void {
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exitCode = MISUSED;
}

/** Ends on a signal, or when told that the daemon failed: what was started last is closed first; a second signal waits for nothing. */
function endWell(
  log: Log,
  closing: (() => Promise<void>)[],
  ending: AbortController,
): (error: Error) => void {
  const end = (status: number): void => {
    if (ending.signal.aborted) process.exit(status);
    ending.abort();
    setTimeout(() => process.exit(status), SHUTDOWN_MAX_MS).unref();
    const closeAll = async (): Promise<void> => {
      for (const close of closing.reverse()) await close();
    };
    closeAll().then(
      () => process.exit(status),
      () => process.exit(REFUSED),
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      log.info('stopping', { signal });
      end(0);
    });
  }
  const fail = (error: Error): void => {
    log.error('failed', { ...fieldsOf(error), stack: error.stack });
    end(REFUSED);
  };
  process.on('uncaughtException', fail);
  return fail;
}
