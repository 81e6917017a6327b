import { parseArgs } from 'node:util';
import { check, GATES } from './gates.ts';

const HELP = `npm run check: what must hold of the whole tree beside its tests (npm test).

${GATES.map(({ name, command }) => `  ${name.padEnd(18)}${command.join(' ')}`).join('\n')}

Exit status: 0 all of it holds, 1 something does not, 2 misused.
`;

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 2;
  }
  return (await check(GATES, text => process.stdout.write(text))) ? 0 : 1;
}
