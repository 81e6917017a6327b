import type { ServerResponse } from 'node:http';

/** Writes to a response in order, at once or a few bytes at a time. */
export type Faucet = {
  readonly write: (text: string) => void;
  /** Ends the response after all that was written. */
  readonly end: () => void;
};

const DRIP_EVERY_MS = 50;

/**
 * A faucet with the rate of the moment.
 * @param bytesPerSecond null: all at once
 * @param bytesMax what may wait; a response with more is cut
 */
export function faucet(
  response: ServerResponse,
  bytesPerSecond: () => number | null,
  bytesMax = Number.POSITIVE_INFINITY,
): Faucet {
  let waiting = Buffer.alloc(0);
  let isEnding = false;
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  const drip = (): void => {
    const rate = bytesPerSecond();
    const most = rate === null ? waiting.length : Math.ceil((rate * DRIP_EVERY_MS) / 1_000);
    const part = waiting.subarray(0, most);
    waiting = waiting.subarray(part.length);
    if (part.length > 0) response.write(part);
    if (waiting.length > 0) return;
    stop();
    if (isEnding) response.end();
  };
  const flow = (): void => {
    if (response.writableLength + waiting.length > bytesMax) response.destroy();
    else if (bytesPerSecond() !== null) timer ??= setInterval(drip, DRIP_EVERY_MS);
    else if (timer === undefined) drip();
  };
  response.on('close', stop);
  return {
    write: text => {
      waiting = Buffer.concat([waiting, Buffer.from(text)]);
      flow();
    },
    end: () => {
      isEnding = true;
      flow();
    },
  };
}
