import { OperatorError } from './errors.ts';
import { conversationOn, type Conversation } from './conversation.ts';

/** What a command reads and writes; tests hand in their own. */
export type Terminal = {
  /** All of standard input, as text. */
  readonly readInput: () => Promise<string>;
  /** A line of the command's result. */
  readonly print: (line: string) => void;
  /** A line beside the result. */
  readonly note: (line: string) => void;
  /** Calls back when the process is asked to end, for once; what is returned lets go of that. */
  readonly onStop: (stop: () => void) => () => void;
  /** Asks a person; undefined where there is none. */
  readonly converse?: Conversation | undefined;
};

/** Signals that ask a command that goes on and on to come to its end; a second one ends the process. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Bytes of standard input that a command takes; more is a mistake. */
const INPUT_BYTES_MAX = 16 * 1024 * 1024;

/** The terminal of this process. A reader that has seen enough, such as `head`, ends it quietly. */
export function processTerminal(): Terminal {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  return {
    readInput: async () => {
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
        length += chunk.length;
        if (length > INPUT_BYTES_MAX) throw tooLarge();
        chunks.push(chunk);
      }
      return Buffer.concat(chunks).toString('utf8');
    },
    print: line => {
      process.stdout.write(`${line}\n`);
    },
    note: line => {
      process.stderr.write(`${line}\n`);
    },
    onStop: stop => {
      for (const signal of STOP_SIGNALS) process.once(signal, stop);
      return () => {
        for (const signal of STOP_SIGNALS) process.off(signal, stop);
      };
    },
    converse:
      process.stdin.isTTY && process.stderr.isTTY
        ? conversationOn(process.stdin, process.stderr)
        : undefined,
  };
}

function tooLarge(): OperatorError {
  const bound = (INPUT_BYTES_MAX / 1024 / 1024).toString();
  return new OperatorError('bad_input', `standard input is larger than ${bound} MiB`);
}
