import { writeSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { instant } from '@meridian/prelude';
import { createChain } from '@meridian/sandbox-chain';
import { SANDBOX_ERRORS, SandboxError } from './errors.ts';
import { FAULTS, usageOf as usageOfFault } from './faults.ts';
import { readWords, type Wanted, type Words } from './options.ts';
import { SCRIPTS, usageOf } from './script.ts';
import { startSandbox, type Sandbox } from './sandbox.ts';

/** What the outside has to do with a run. */
export type Outside = {
  readonly note: (line: string) => void;
  readonly print: (text: string) => void;
  /** Calls back when the process is asked to end. */
  readonly onSignal: (end: () => void) => void;
};

/** Runs one command line until it is stopped and says what the process exits with. */
export async function runCommandLine(args: readonly string[], outside: Outside): Promise<number> {
  try {
    const wanted = parse(args, outside);
    if (wanted === undefined) return 0;
    await run(wanted, outside);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return SANDBOX_ERRORS.misused.status;
    if (!(error instanceof SandboxError)) throw error;
    outside.note(`meridian-sandbox: ${error.message}`);
    return SANDBOX_ERRORS[error.code].status;
  }
}

/** What is wanted; undefined when only help was. */
function parse(args: readonly string[], outside: Outside): Wanted | undefined {
  const program = commandLine(outside);
  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return undefined;
    throw error;
  }
  return readWords(program.opts<Words>(), instant(Date.now()));
}

const USAGE_WIDTH = 32;

function commandLine(outside: Outside): Command {
  const several = (value: string, before: readonly string[]): readonly string[] => [
    ...before,
    value,
  ];
  const list = (rows: readonly (readonly [string, string])[]): string =>
    rows.map(([name, meaning]) => `  ${name.padEnd(USAGE_WIDTH)} ${meaning}`).join('\n');
  const faults = Object.entries(FAULTS).map(
    ([name, row]) => [usageOfFault(name, row), row.means] as const,
  );
  const scripts = [...SCRIPTS.values()].map(row => [usageOf(row), row.means] as const);
  return new Command('meridian-sandbox')
    .description('A Tenderbake chain on this machine, seen through edge nodes that can be made ill')
    .option('--nodes <count>', 'edge nodes, named node1, node2, …', '5')
    .option('--block-time <seconds>', 'time between blocks', '1')
    .option('--start-in <seconds>', 'when the chain begins, so that bakers can get ready', '0')
    .option('--guest <key[:stake]>', 'public key of a baker that votes from outside', several, [])
    .option('--guests-file <file>', 'guests, one key[:stake] a line')
    .option('--robot-stake <stake>', 'of each of the six bakers that the chain plays', '100')
    .option('--protocol <number>', '023, 024, 025 or alpha', '025')
    .option('--activate <protocol@level>', 'the protocol after that block', several, [])
    .option('--all-bakers-attest', 'every baker votes on every block, by its stake', false)
    .option('--seed <number>', 'where all chance comes from', '1')
    .option('--fault <fault>', 'such as node2=refuse@5s or node2=slow:500@5s-12s', several, [])
    .option('--script <trouble>', 'what the chain does at a level, such as reorg@12', several, [])
    .option('--scenario <file>', 'faults, trouble and protocols in YAML or JSON')
    .option('--control-port <port>', 'of the control server; 0 takes any', '0')
    .option('--port-base <port>', 'of the first node, the next for the next; 0 takes any', '0')
    .option('--ready-fd <fd>', 'where the line with all addresses is written', '1')
    .addHelpText('after', `\nFaults:\n${list(faults)}\n\nScripts:\n${list(scripts)}\n`)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({
      writeOut: outside.print,
      writeErr: text => {
        outside.note(`meridian-sandbox: ${text.trim().replace(/^error: /, '')}`);
      },
    });
}

async function run({ chain, sandbox: options, readyFd }: Wanted, outside: Outside): Promise<void> {
  const sandbox = await startSandbox(createChain(chain), options);
  outside.onSignal(() => void sandbox.close());
  try {
    writeSync(readyFd, `${JSON.stringify(addresses(sandbox))}\n`);
  } catch {
    await sandbox.close();
    throw new SandboxError('misused', `--ready-fd ${readyFd} cannot be written to`);
  }
  await sandbox.stopped;
}

function addresses(sandbox: Sandbox): object {
  return {
    ready: true,
    pid: process.pid,
    nodes: sandbox.nodes.map(({ name, url }) => ({ name, url })),
    control: sandbox.controlUrl,
  };
}
