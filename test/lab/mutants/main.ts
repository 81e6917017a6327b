import { parseArgs } from 'node:util';
import { judge, passesUntouched, type Mutant, type Verdict } from './mutant.ts';
import { WATERMARK_MUTANTS } from './watermark.ts';

/** `npm run mutants`: breaks the guard one rule at a time and expects a red test each time. */
const SUBJECTS: readonly { readonly folder: string; readonly mutants: readonly Mutant[] }[] = [
  { folder: 'libs/core/watermark', mutants: WATERMARK_MUTANTS },
];
/** One for each core of the smallest machine that runs this. */
const AT_ONCE = 2;

type Outcome = Mutant & { readonly folder: string; readonly verdict: Verdict };

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const say = values.json ? console.error : console.log;
const outcomes: Outcome[] = [];
for (const { folder, mutants } of SUBJECTS) {
  if (!(await passesUntouched(folder))) throw new Error(`${folder} fails its tests unbroken`);
  const waiting = [...mutants];
  const work = async () => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const verdict = await judge(folder, mutant);
      outcomes.push({ ...mutant, folder, verdict });
      say(`${verdict.padEnd(8)} rule ${mutant.rule.toString().padStart(2)}  ${mutant.why}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
const alive = outcomes.filter(({ verdict }) => verdict !== 'killed');
const summary = {
  mutants: outcomes.length,
  killed: outcomes.length - alive.length,
  alive: alive.map(({ folder, file, why, verdict }) => ({ folder, file, why, verdict })),
};
console.log(
  values.json
    ? JSON.stringify(summary)
    : `${summary.killed.toString()} of ${summary.mutants.toString()} killed`,
);
process.exitCode = alive.length === 0 ? 0 : 1;
