/** Where a command writes; tests hand in their own. */
export type Terminal = {
  /** A line of the command's result. */
  readonly print: (line: string) => void;
  /** A line beside the result. */
  readonly note: (line: string) => void;
};

/** The terminal of this process. A reader that has seen enough, such as `head`, ends it quietly. */
export function processTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit();
    });
  }
  return {
    print: line => {
      process.stdout.write(`${line}\n`);
    },
    note: line => {
      process.stderr.write(`${line}\n`);
    },
  };
}

/** Characters of a foreign text that are repeated. */
const SHOWN_MAX = 400;

/** What somebody else wrote, without what would steer a terminal. */
export function printable(text: string): string {
  const shown = text.replace(/[\p{C}\s]+/gu, ' ').trim();
  return shown.length > SHOWN_MAX ? `${shown.slice(0, SHOWN_MAX)}…` : shown;
}
