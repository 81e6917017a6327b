import { Command as Program, CommanderError } from 'commander';
import type { Command, Options, Outcome } from './command.ts';
import { COMMANDS } from './commands.ts';
import { OPERATOR_ERRORS, reportOf } from './errors.ts';
import type { Terminal } from './terminal.ts';

const GROUPS: Readonly<Record<string, string>> = {
  codec: 'Bytes and hashes of operations and blocks',
  'codec hash': 'Hashes of operations, blocks and their parts',
};

/** Runs one command line and says what the process exits with: 0 done, 1 refused, 2 misused. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  let status = 0;
  const program = new Program('meridian')
    .description('Operates Meridian, a highly available baking system for Tezos')
    .exitOverride()
    .showHelpAfterError('(see: meridian --help)')
    .configureOutput({
      writeOut: text => {
        terminal.print(text.trimEnd());
      },
      writeErr: text => {
        terminal.note(text.trimEnd());
      },
    });
  const groups = new Map<string, Program>();
  for (const command of COMMANDS) {
    addTo(program, groups, command, async run => {
      status = await run(terminal);
    });
  }
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : OPERATOR_ERRORS.misused.status;
  }
  return status;
}

type Perform = (run: (terminal: Terminal) => Promise<number>) => Promise<void>;

/** Hangs a row of the table into the tree of commands. */
function addTo(
  program: Program,
  groups: Map<string, Program>,
  command: Command,
  perform: Perform,
): void {
  const words = command.usage.split(' ');
  const firstArgument = words.findIndex(word => /^[<[]/.test(word));
  const names = firstArgument < 0 ? words : words.slice(0, firstArgument);
  const parent = groupOf(program, groups, names.slice(0, -1));
  const leaf = parent
    .command([names.at(-1), ...words.slice(names.length)].join(' '))
    .description(command.summary)
    .option('--json', 'print one JSON object as the last line')
    .addHelpText(
      'after',
      [
        ...(command.details === undefined ? [] : ['', ...command.details]),
        '\nExamples:',
        ...command.examples.map(each => `  meridian ${each}`),
      ].join('\n'),
    );
  for (const [flags, meaning] of command.options ?? []) leaf.option(flags, meaning);
  leaf.action(() =>
    perform(terminal => runOne(command, leaf.args, leaf.opts<Options>(), terminal)),
  );
}

function groupOf(
  program: Program,
  groups: Map<string, Program>,
  names: readonly string[],
): Program {
  if (names.length === 0) return program;
  const path = names.join(' ');
  const known = groups.get(path);
  if (known !== undefined) return known;
  const group = groupOf(program, groups, names.slice(0, -1))
    .command(names.at(-1) ?? '')
    .description(GROUPS[path] ?? '');
  groups.set(path, group);
  return group;
}

async function runOne(
  command: Command,
  args: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  const asJson = options['json'] === true;
  try {
    const outcome = await command.run({ args, options, terminal });
    show(outcome, asJson, terminal);
    return outcome.status;
  } catch (error) {
    const report = reportOf(error);
    if (asJson) terminal.print(JSON.stringify({ error: report.json }));
    // Who broke off knows that.
    terminal.note(report.message === '' ? '' : `meridian: ${report.message}`);
    return report.status;
  }
}

/** With `--json` the lines for people go beside the result, so that the last line of output is the object. */
function show({ lines, json }: Outcome, asJson: boolean, terminal: Terminal): void {
  if (asJson) terminal.print(JSON.stringify(json));
  else for (const line of lines) terminal.print(line);
}
