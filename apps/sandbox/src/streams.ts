import type { ServerResponse } from 'node:http';
import type { StreamAnswer } from '@meridian/sandbox-chain';
import type { Condition } from './faults.ts';
import { writeHead } from './http.ts';
import { faucet } from './faucet.ts';
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

/** What faults make of an item; null: nothing comes. */
const SPOILS: Partial<Record<Condition['fault'], (item: string) => string | null>> = {
  blackhole: () => null,
  rubbish: () => RUBBISH,
  truncated: item => `${item.slice(0, Math.ceil(item.length / 2))}\n`,
};

/** How fast bodies come; null: at once. */
export function bytesPerSecond(condition: Condition): number | null {
  return condition.fault === 'slow-body' ? condition.bytes : null;
}

/** Streams that come as the condition of the moment has them. */
export function openStreams(condition: () => Condition, delayMs: () => number): OpenStreams {
  const cuts = new Set<() => void>();
  return {
    open: (response, reply) => {
      writeHead(response, reply.status, reply.headers);
      response.flushHeaders();
      const queue = outbox(delayMs);
      const water = faucet(response, () => bytesPerSecond(condition()), STREAM_BUFFER_BYTES_MAX);
      let lastItem = '';
      const push = (text: string): void => {
        const spoil = SPOILS[condition().fault] ?? ((item: string) => item);
        const item = spoil(text);
        if (item === null) return;
        lastItem = item;
        queue.send(() => {
          water.write(item);
        });
      };
      const end = (): void => {
        if (condition().fault !== 'blackhole') queue.send(water.end);
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
