import { createWriteStream } from 'node:fs';
import { endWithStarter } from '../processes.ts';
import { endWithReader } from '../quiet.ts';
import { readLine } from '../start/record.ts';
import { problemsOf, trio, type Listener } from './trio.ts';
import { readWords, USAGE } from './words.ts';

/* `npm run trio`: several endorsers with one key, which are killed. */

const [FAILED, MISUSED] = [1, 2];

async function main(args: readonly string[]): Promise<number> {
  const read = readWords(args);
  if (!read.ok) {
    console.error(read.error);
    return MISUSED;
  }
  if (read.value === 'help') {
    console.log(USAGE);
    return 0;
  }
  endWithStarter();
  const { wanted, log, json } = read.value;
  const report = await trio(wanted, log === undefined ? undefined : writerTo(log));
  const problems = problemsOf(report);
  for (const problem of problems) console.error(problem);
  console.log(json ? JSON.stringify(report) : report);
  return problems.length === 0 ? 0 : FAILED;
}

function writerTo(file: string): Listener {
  const stream = createWriteStream(file);
  return (line, name) =>
    void stream.write(`${JSON.stringify({ name, ...(readLine(line) ?? { line }) })}\n`);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => process.exit(FAILED));
endWithReader();
process.exitCode = await main(process.argv.slice(2));
