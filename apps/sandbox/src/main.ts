import { runCommandLine } from './cli.ts';

const status = await runCommandLine(process.argv.slice(2), {
  note: line => {
    process.stderr.write(`${line}\n`);
  },
  print: text => {
    process.stdout.write(text);
  },
  onSignal: end => {
    process.once('SIGTERM', end);
    process.once('SIGINT', end);
  },
});
process.exitCode = status;
