import type { ServerResponse } from 'node:http';
import type { StreamAnswer } from '@meridian/sandbox-chain';
import type { Condition } from './faults.ts';
import { writeHead } from './http.ts';
import { outbox } from './outbox.ts';
import { RUBBISH } from './rubbish.ts';

/** The streams that clients of a node listen to. */
export type OpenStreams = {
  readonly open: (response: ServerResponse, reply: StreamAnswer) => void;
  /** Ends each in the middle of a line. */
  readonly cutAll: () => void;
};

/** What may wait for a client that reads slowly; a stream with more is cut. */
const STREAM_BUFFER_BYTES_MAX = 16 * 1024 * 1024;

/** Streams that come as the condition of the moment has them. */
export function openStreams(condition: () => Condition, delayMs: () => number): OpenStreams {
  const cuts = new Set<() => void>();
  return {
    open: (response, reply) => {
      writeHead(response, reply.status, reply.headers);
      response.flushHeaders();
      const queue = outbox(delayMs);
      let lastItem = '';
      const push = (text: string): void => {
        if (condition() === 'blackhole') return;
        const item = condition() === 'rubbish' ? RUBBISH : text;
        lastItem = item;
        queue.send(() => {
          response.write(item);
          if (response.writableLength > STREAM_BUFFER_BYTES_MAX) response.destroy();
        });
      };
      const end = (): void => {
        if (condition() !== 'blackhole') queue.send(() => void response.end());
      };
      const cut = (): void => {
        const half = lastItem.slice(0, Math.ceil(lastItem.length / 2)) || '{"hash":"B';
        response.write(half, () => void response.destroy());
      };
      cuts.add(cut);
      const stop = reply.stream(push, end);
      response.on('close', () => {
        cuts.delete(cut);
        queue.drop();
        stop();
      });
    },
    cutAll: () => {
      for (const cut of [...cuts]) cut();
    },
  };
}
