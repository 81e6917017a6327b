import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { endWithReader } from '../quiet.ts';
import { LEVELS, partsOf, type Part } from './parts.ts';
import { reportOf, type Ran } from './report.ts';

/* `npm run night`: what takes hours, and its report. */

const [FAILED, MISUSED] = [1, 2];
const REPOSITORY = join(import.meta.dirname, '../../..');
const REPORT = 'docs/night.md';
const NAMES = [...new Set(partsOf(LEVELS).map(({ name }) => name))];

const USAGE = `npm run night -- [options]: what takes hours. Its figures are written into ${REPORT}.

  --only NAME…     ${NAMES.join(', ')}; all of them
  --levels N       of the storm over PostgreSQL, and a fifth of it over SQLite; ${LEVELS}
  --json           one JSON object as the last line

Exit status: 0 all of it held, 1 something did not, 2 misused.`;

type Wanted = { readonly parts: readonly Part[]; readonly json: boolean; readonly help: boolean };

async function main(args: string[]): Promise<number> {
  const wanted = readWords(args);
  if (typeof wanted === 'string') {
    console.error(wanted);
    return MISUSED;
  }
  if (wanted.help) {
    console.log(USAGE);
    return 0;
  }
  const ran: Ran[] = [];
  for (const part of wanted.parts) {
    console.error(`${part.title}: ${part.command.join(' ')}`);
    const outcome = await run(part);
    ran.push(outcome);
    console.error(`${part.title} ${outcome.held ? 'held' : 'failed'} in ${outcome.seconds} s`);
    write(ran);
  }
  const failed = ran.filter(({ held }) => !held).map(({ title }) => title);
  if (wanted.json) console.log(JSON.stringify({ parts: ran.length, failed, ran }));
  return failed.length === 0 ? 0 : FAILED;
}

function readWords(args: string[]): Wanted | string {
  try {
    const options = {
      only: { type: 'string', multiple: true },
      levels: { type: 'string', default: LEVELS.toString() },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    } as const;
    const { values } = parseArgs({ args, options });
    const { only = NAMES, levels, json, help } = values;
    const unknown = only.find(name => !NAMES.includes(name));
    if (unknown !== undefined) return `--only: ${unknown} is none of ${NAMES.join(', ')}`;
    if (!/^[1-9]\d{0,5}$/.test(levels)) return `--levels: ${levels} is no whole number from 1`;
    const parts = partsOf(Number(levels)).filter(({ name }) => only.includes(name));
    return { parts, json, help };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function write(ran: readonly Ran[]): void {
  const file = join(REPOSITORY, REPORT);
  writeFileSync(file, reportOf(existsSync(file) ? readFileSync(file, 'utf8') : '', ran));
}

async function run({ title, command }: Part): Promise<Ran> {
  const [since, commit] = [performance.now(), commitNow()];
  const [, ...args] = command;
  const child = spawn(process.execPath, args, {
    cwd: REPOSITORY,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const status = await new Promise(resolve => child.once('close', resolve));
  return {
    ...{ title, commit, held: status === 0, figures: lastObject(output) },
    command: command.join(' '),
    date: new Date().toISOString().slice(0, 'YYYY-MM-DD'.length),
    machine: `${availableParallelism()} cores, Node ${process.versions.node}`,
    seconds: Math.round((performance.now() - since) / 1_000),
  };
}

/** The commit, and whether the tree is another one. */
function commitNow(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: REPOSITORY, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', '.', `:!${REPORT}`);
  return `${git('rev-parse', '--short', 'HEAD')}${changed === '' ? '' : ' with changes'}`;
}

function lastObject(output: string): Readonly<Record<string, unknown>> {
  const line = output.trimEnd().split('\n').at(-1) ?? '';
  try {
    return line.startsWith('{') ? (JSON.parse(line) as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

endWithReader();
process.exitCode = await main(process.argv.slice(2));
