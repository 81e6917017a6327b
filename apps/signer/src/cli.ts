import { DatabaseError } from '@meridian/database';
import { StoreError } from '@meridian/watermark-store';
import { Command as Program, CommanderError } from 'commander';
import { ACTIONS } from './admin/actions.ts';
import type { Outcome } from './admin/action.ts';
import { askDaemon, SocketError } from './admin/client.ts';
import { AdminError } from './admin/errors.ts';
import { AuditError } from './audit/errors.ts';
import { auditsVerified } from './cli/audit.ts';
import { COMMANDS, type Call, type Command } from './cli/commands.ts';
import { DATABASE_FLAGS, migrated } from './cli/database.ts';
import { IDENTIFY_FLAGS, identified } from './cli/identify.ts';
import { PAPERS } from './cli/statements.ts';
import {
  MisuseError,
  JSON_FLAG,
  SOCKET_FLAGS,
  socketOf,
  subjectOf,
  type Flag,
  type Options,
} from './cli/options.ts';
import { printable, processTerminal, type Terminal } from './cli/terminal.ts';

const DONE = 0;
const REFUSED = 1;
const MISUSED = 2;

/** The first words of command lines that are no daemon's. */
const GROUPS: Readonly<Record<string, string>> = {
  watermark: 'What the signer remembers of its keys, through its socket while it runs',
  database: 'The database that the signers of a site share',
  audit: 'The file in which the signer writes down what it did',
};

/**
 * Runs a command line that administers a signer, and says what the process exits with: 0 done, 1 refused, 2 misused.
 * @param args without program and file
 * @returns undefined for the command line of a daemon
 */
export function runAdministration(
  args: readonly string[],
  terminal?: Terminal,
): Promise<number> | undefined {
  const [group = ''] = args;
  return Object.hasOwn(GROUPS, group) ? run(args, terminal ?? processTerminal()) : undefined;
}

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  let status = DONE;
  const program = new Program('meridian-signer')
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .configureOutput({
      writeOut: text => terminal.print(text.trimEnd()),
      writeErr: text => terminal.note(text.trimEnd()),
    });
  const groups = new Map(
    Object.entries(GROUPS).map(([name, meaning]) => [
      name,
      program.command(name).description(meaning),
    ]),
  );
  for (const leaf of LEAVES) {
    const { group, name, usage, summary, details, examples, flags } = leaf;
    const command = (groups.get(group) ?? program)
      .command(`${name} ${usage}`.trim())
      .description(summary)
      .addHelpText('after', helpAfter(details, examples));
    for (const [flag, meaning] of flags) command.option(flag, meaning);
    command.action(async () => {
      const options = command.opts<Options>();
      status = await reported(terminal, options, () => leaf.run(command.args, options, terminal));
    });
  }
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? DONE : MISUSED;
  }
  return status;
}

function helpAfter(details: readonly string[], examples: readonly string[]): string {
  const lines = examples.map(each => `  meridian-signer ${each}`);
  return ['', ...details, '', 'Examples:', ...lines].join('\n');
}

/** A command line of any kind. */
type Leaf = {
  readonly group: keyof typeof GROUPS;
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly details: readonly string[];
  readonly examples: readonly string[];
  readonly flags: readonly Flag[];
  readonly run: (args: readonly string[], options: Options, terminal: Terminal) => Promise<Said>;
};

const examplesOf = (examples: readonly string[], asks: boolean): readonly string[] =>
  examples.map(each => `watermark ${each}${asks ? ' --config signer.yaml' : ''}`);

const LEAVES: readonly Leaf[] = [
  ...COMMANDS.map((command): Leaf => {
    const row = ACTIONS.find(({ name }) => name === command.action);
    return {
      ...{ group: 'watermark', name: command.action, usage: command.usage },
      ...{ summary: row?.summary ?? '', details: row?.details ?? [] },
      examples: examplesOf(command.examples, true),
      flags: [...command.flags, ...SOCKET_FLAGS],
      run: (args, options, terminal) => perform(command, args, options, terminal),
    };
  }),
  ...PAPERS.map((paper): Leaf => {
    const { name, usage, summary, details, flags, asks } = paper;
    return {
      ...{ group: 'watermark', name, usage, summary, details },
      examples: examplesOf(paper.examples, asks),
      flags: [...flags, ...(asks ? SOCKET_FLAGS : [JSON_FLAG])],
      run: async (args, options, { note }) => {
        const socket = asks ? socketOf(options) : '';
        return { status: DONE, ...(await paper.run(callOf(args, options, note, socket))) };
      },
    };
  }),
  {
    ...{ group: 'database', name: 'migrate', usage: '' },
    summary: 'make the tables of the watermark, or bring them up to date, and name the cluster',
    details: [
      'Run it before the first signer is started, and after an update once all signers run the new version. It may be',
      'run again at any time. The identity that it prints belongs into the configuration, as database.cluster.',
    ],
    examples: ['database migrate --url-file owner.url'],
    flags: [...DATABASE_FLAGS, JSON_FLAG],
    run: async (_args, options) => ({ status: DONE, ...(await migrated(options)) }),
  },
  {
    ...{ group: 'database', name: 'identify', usage: '' },
    summary: 'say which server the database is on, or that it took the place of another one',
    details: [
      'After pg_upgrade, or once a dump was restored, the server is another one, and a signer does not start: its refusal',
      'names both. --replace takes the new one, for the database and for the journal of this signer: run it for each',
      'signer of the site, and for the first of them as the owner of the tables (--url-file). Stop all signers and fence the',
      'old server first: all rows are latched with it, and come back by release and activate alone.',
    ],
    examples: [
      'database identify --config signer.yaml',
      'database identify --config signer.yaml --url-file owner.url --replace OLD --with NEW --by ann',
    ],
    flags: [...IDENTIFY_FLAGS, JSON_FLAG],
    run: async (_args, options) => ({ status: DONE, ...(await identified(options)) }),
  },
  {
    ...{ group: 'audit', name: 'verify', usage: '<FILE...>' },
    summary: 'follow the chain of audit files; names the first line that breaks each',
    details: [
      'Compare the hash of the last line with one that was noted elsewhere: an end can be cut off. A file that was set',
      'aside is damaged, so the status is 1: what is said of it is how much is good. Name it together with the one that',
      'took its place, which tells whether it still is what was set aside.',
    ],
    examples: [
      'audit verify audit.jsonl',
      'audit verify audit.jsonl.damaged-2026-11-25T08-00-06.000Z audit.jsonl',
    ],
    flags: [JSON_FLAG],
    run: async paths => {
      const { isGood, ...said } = await auditsVerified(paths);
      return { status: isGood ? DONE : REFUSED, ...said };
    },
  },
];

/** What a command says in the end. */
type Said = { readonly status: number; readonly lines: readonly string[]; readonly json: unknown };

async function perform(
  command: Command,
  args: readonly string[],
  options: Options,
  { note }: Terminal,
): Promise<Said> {
  const socket = socketOf(options);
  const call = callOf(args, options, note, socket);
  const { status, outcome } = await asked(socket, command.action, await command.prepare(call));
  return { status, lines: command.lines(outcome, call).map(shownLine), json: outcome };
}

function callOf(
  args: readonly string[],
  options: Options,
  note: (line: string) => void,
  socket: string,
): Call {
  return {
    ...{ args, options },
    note: line => note(printable(line)),
    shown: async () => (await asked(socket, 'show', subjectOf(options))).outcome,
  };
}

/** The outcome of an action. @throws Refusal when the signer refuses the whole of it */
async function asked(
  socket: string,
  action: string,
  args: object,
): Promise<{ status: number; outcome: Outcome }> {
  const { status, json } = await askDaemon(socket, action, args);
  if (!Array.isArray(json['keys'])) throw new Refusal(json);
  return { status: status === 200 ? DONE : REFUSED, outcome: json as Outcome };
}

/** A refusal of the signer as it came. */
class Refusal extends Error {
  readonly json: Readonly<Record<string, unknown>>;

  constructor(json: Readonly<Record<string, unknown>>) {
    super(typeof json['message'] === 'string' ? json['message'] : 'the signer refuses');
    this.json = json;
  }
}

/** Runs something and says what came of it, in lines or as one object. */
async function reported(
  terminal: Terminal,
  options: Options,
  act: (options: Options) => Promise<Said>,
): Promise<number> {
  const asJson = options['json'] === true;
  try {
    const { status, lines, json } = await act(options);
    if (asJson) terminal.print(JSON.stringify(json));
    else for (const line of lines) terminal.print(line);
    return status;
  } catch (error) {
    const { status, code, message, field } = reportOf(error);
    if (asJson) terminal.print(JSON.stringify({ error: { code, message, field } }));
    const where = field === undefined || field === '' ? '' : ` (${field})`;
    terminal.note(printable(`meridian-signer: ${code}: ${message}${where}`));
    return status;
  }
}

type Report = { status: number; code: string; message: string; field?: string | undefined };

function reportOf(error: unknown): Report {
  if (error instanceof MisuseError)
    return { status: MISUSED, code: 'misused', message: error.message };
  if (error instanceof SocketError)
    return { status: REFUSED, code: 'unreachable', message: error.message };
  if (
    error instanceof AuditError ||
    error instanceof AdminError ||
    error instanceof DatabaseError ||
    error instanceof StoreError
  )
    return {
      status: REFUSED,
      code: error.code,
      message: error.message,
      field: 'field' in error ? error.field : undefined,
    };
  if (!(error instanceof Refusal)) throw error;
  const { code, field } = error.json;
  const isMisuse = code === 'malformed';
  return {
    status: isMisuse ? MISUSED : REFUSED,
    code: String(code),
    message: error.message,
    field: typeof field === 'string' ? field : undefined,
  };
}

/** Lines of a file that is printed keep their indentation. */
function shownLine(line: string): string {
  return line.includes('\n') ? line : line.replace(/\p{Cc}/gu, ' ');
}
