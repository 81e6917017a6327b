import { parseArgs } from 'node:util';
import { judge, passesUntouched, type Mutant, type Verdict } from './mutant.ts';
import { SUBJECTS, type Subject } from './subjects.ts';

const HELP = `npm run mutants -- [NAME…] [--json]: breaks what is safety one line at a time and expects a red test each time.

${SUBJECTS.map(({ name, folder, mutants }) => `  ${name.padEnd(18)}${mutants.length.toString().padStart(3)} mutants of ${folder}`).join('\n')}

Without a name all of them. With --json one object ends the output: {mutants, killed, survived: [{subject, …}]}.
Exit status: 0 all were killed, 1 some were not, 2 misused.
`;

/** One for each core of the smallest machine that runs this. */
const AT_ONCE = 2;

type Outcome = { readonly subject: string; readonly mutant: Mutant; readonly verdict: Verdict };

process.exitCode = await main();

async function main(): Promise<number> {
  const asked = readArguments();
  if (typeof asked === 'string') {
    process.stderr.write(`${asked}\n\n${HELP}`);
    return 2;
  }
  if (asked.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const say = asked.json ? console.error : console.log;
  const outcomes: Outcome[] = [];
  for (const subject of asked.subjects) outcomes.push(...(await judgeAll(subject, say)));
  const survived = outcomes.filter(({ verdict }) => verdict !== 'killed').map(lineOf);
  const [all, killed] = [outcomes.length, outcomes.length - survived.length];
  if (asked.json) console.log(JSON.stringify({ mutants: all, killed, survived }));
  else console.log(`${killed.toString()} of ${all.toString()} killed`);
  return survived.length === 0 ? 0 : 1;
}

/** What the command line asks for, or what is wrong with it. */
function readArguments():
  | string
  | {
      readonly subjects: readonly Subject[];
      readonly json: boolean;
      readonly help: boolean;
    } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const unknown = positionals.find(each => !SUBJECTS.some(({ name }) => name === each));
    if (unknown !== undefined) return `nothing is called ${unknown} here`;
    const isAsked = ({ name }: Subject) => positionals.length === 0 || positionals.includes(name);
    return { ...values, subjects: SUBJECTS.filter(isAsked) };
  } catch (error) {
    return (error as Error).message;
  }
}

async function judgeAll(
  subject: Subject,
  say: (line: string) => void,
): Promise<readonly Outcome[]> {
  const { name, folder, mutants } = subject;
  say(`${name}: ${mutants.length.toString()} mutants of ${folder}`);
  if (!(await passesUntouched(subject))) throw new Error(`${folder} fails its tests unbroken`);
  const waiting = [...mutants];
  const outcomes: Outcome[] = [];
  const work = async () => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const verdict = await judge(subject, mutant);
      outcomes.push({ subject: name, mutant, verdict });
      const { rule, file, why } = mutant;
      const broken = typeof rule === 'number' ? `rule ${rule.toString()}` : rule;
      say(`${verdict.padEnd(8)}  ${broken.padEnd(7)}  ${file}: ${why}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return outcomes;
}

function lineOf({ subject, mutant: { rule, file, why }, verdict }: Outcome): object {
  return { subject, file, rule, why, verdict };
}
