import { runCommandLine } from './cli.ts';

// A reader that has seen enough, such as head, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
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
