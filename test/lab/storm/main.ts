import { endWithReader } from '../quiet.ts';
import { storm, type Report } from './storm.ts';
import { commandOf, readWords, USAGE } from './words.ts';

/* `npm run storm`: clients that ask real signers for what conflicts, while those are killed and cut off. */

const [FAILED, MISUSED] = [1, 2];
const TELL_EVERY_LEVELS = 100;

async function main(args: string[]): Promise<number> {
  const read = readWords(args);
  if (!read.ok) {
    console.error(read.error);
    return MISUSED;
  }
  if (read.value === 'help') {
    console.log(USAGE);
    return 0;
  }
  const { wanted, json } = read.value;
  const report = await storm(wanted, level => {
    if (level % TELL_EVERY_LEVELS === 0) console.error(`${level} of ${wanted.levels} levels`);
  });
  console.log(json ? JSON.stringify(report) : report);
  if (report.violations.length === 0) return 0;
  complain(report);
  return FAILED;
}

function complain(report: Report): void {
  for (const violation of report.violations) console.error(violation);
  const [conflict] = report.conflicts;
  if (conflict !== undefined)
    console.error(`${conflict.place}\n  ${conflict.one}\n  ${conflict.other}`);
  console.error(`again: ${commandOf(report)}`);
}

endWithReader();
process.exitCode = await main(process.argv.slice(2));
