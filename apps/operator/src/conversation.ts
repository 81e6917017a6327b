import { createInterface } from 'node:readline';
import { OperatorError } from './errors.ts';

/** Asks for one line; what was typed ahead counts. */
export type Ask = (question: string) => Promise<string>;

/**
 * Lets `talk` ask as often as it likes. Ends at once with OperatorError `interrupted` on Ctrl-C, and when the input
 * ends before all is answered.
 */
export type Conversation = <Result>(talk: (ask: Ask) => Promise<Result>) => Promise<Result>;

/**
 * A conversation over two streams; keys have their usual meaning when they are a terminal. The streams are free again
 * when it is over.
 */
export function conversationOn(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Conversation {
  return async talk => {
    const reader = createInterface({ input, output });
    const typed: string[] = [];
    let waiting: ((line: string) => void) | undefined;
    let hasEnded = false;
    let breakOff = (): void => undefined;
    const brokenOff = new Promise<never>((_, reject) => {
      breakOff = () => reject(new OperatorError('interrupted', ''));
    });
    // Nobody listens any more once the talk is over.
    brokenOff.catch(() => undefined);
    reader.on('SIGINT', () => breakOff());
    reader.on('line', line => {
      if (waiting === undefined) typed.push(line);
      else waiting(line);
      waiting = undefined;
    });
    reader.on('close', () => {
      // Lines that came before the end are still answers.
      hasEnded = true;
      if (waiting !== undefined) breakOff();
    });
    const ask: Ask = question => {
      const line = typed.shift();
      if (line !== undefined) return Promise.resolve(line);
      if (hasEnded) {
        breakOff();
        return brokenOff;
      }
      const answered = new Promise<string>(resolve => (waiting = resolve));
      reader.setPrompt(question);
      reader.prompt();
      return answered;
    };
    try {
      return await Promise.race([talk(ask), brokenOff]);
    } finally {
      waiting = undefined;
      reader.close();
    }
  };
}
