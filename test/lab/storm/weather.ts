import { setTimeout as sleep } from 'node:timers/promises';
import type { Often, Proxy, StatementFault, Strikes } from '@meridian/faults';
import type { Station } from './station.ts';

/** Where a strike falls. */
export type Target = {
  readonly station: Station;
  /** Between this signer and the database; undefined over files. */
  readonly proxy: Proxy | undefined;
  /** Ends the connections of the clients to this signer. */
  readonly hangUp: () => void;
  /** Kills the database and starts it again. */
  readonly restartDatabase: (() => Promise<boolean>) | undefined;
  readonly lengthMs: number;
  /** Faults that were asked for and come with the next statements. */
  readonly asked: Strikes[];
};

type Kind = {
  readonly meaning: string;
  /** It comes at one of so many levels. */
  readonly everyLevels: number;
  readonly of: 'signer' | 'database';
  /** Whether it took place: what is down already cannot be struck. Resolves when it is over. */
  readonly strike: (target: Target) => Promise<boolean>;
};

/** The statement of a permission (signer.md E.3), and that of a seal. */
const WRITE = /\bUPDATE\s+watermark\b/i;
const STRUCK = 3;
const DELAY_PART = 40;
/** Signers refuse after 800 ms. */
const OUTAGE_MS = 1_000;

const onWrites =
  (fault: StatementFault, often: Often = { next: STRUCK }) =>
  ({ proxy, asked }: Target): Promise<boolean> => {
    const strikes = proxy?.onStatement(WRITE, fault, often);
    if (strikes !== undefined) asked.push(strikes);
    return Promise.resolve(strikes !== undefined);
  };

/** All weather there is. */
export const WEATHER = {
  kill: {
    meaning: 'kill -9 of a signer, which is started again',
    everyLevels: 100,
    of: 'signer',
    strike: ({ station }) => station.kill(),
  },
  pause: {
    meaning: 'a signer stands still for 100 to 800 ms, and goes on',
    everyLevels: 80,
    of: 'signer',
    strike: ({ station, lengthMs }) => station.pause(lengthMs),
  },
  hangUp: {
    meaning: 'all connections of clients to a signer are cut',
    everyLevels: 20,
    of: 'signer',
    strike: ({ hangUp }) => {
      hangUp();
      return Promise.resolve(true);
    },
  },
  cut: {
    meaning: 'all connections of a signer to its database are cut',
    everyLevels: 20,
    of: 'database',
    strike: ({ proxy }) => {
      proxy?.cut();
      return Promise.resolve(proxy !== undefined);
    },
  },
  lost: {
    meaning: 'writes are committed, and the connection is cut in the place of the answer',
    everyLevels: 6,
    of: 'database',
    strike: onWrites({ cut: 'after' }),
  },
  unsent: {
    meaning: 'the connection is cut before a write',
    everyLevels: 12,
    of: 'database',
    strike: onWrites({ cut: 'before' }),
  },
  outage: {
    meaning: 'for longer than a signer waits, all its writes are committed and none is answered',
    everyLevels: 80,
    of: 'database',
    strike: async ({ proxy, asked }) => {
      const strikes = proxy?.onStatement(WRITE, { cut: 'after' }, { next: Infinity });
      if (strikes === undefined) return false;
      asked.push(strikes);
      await sleep(OUTAGE_MS);
      strikes.end();
      return true;
    },
  },
  conflict: {
    meaning: '40001 in the place of a write',
    everyLevels: 6,
    of: 'database',
    strike: onWrites({ sqlstate: '40001', when: 'before' }),
  },
  unknown: {
    meaning: '40003 after a write that was committed',
    everyLevels: 6,
    of: 'database',
    strike: onWrites({ sqlstate: '40003', when: 'after' }),
  },
  delay: {
    meaning: 'what a signer and its database tell each other takes 2 to 20 ms more, each way',
    everyLevels: 30,
    of: 'database',
    strike: async ({ proxy, lengthMs }) => {
      proxy?.delay(lengthMs / DELAY_PART);
      await sleep(lengthMs);
      proxy?.delay(0);
      return proxy !== undefined;
    },
  },
  restart: {
    meaning: 'kill -9 of the database, which is started again',
    everyLevels: 250,
    of: 'database',
    strike: async ({ restartDatabase }) => (await restartDatabase?.()) ?? false,
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type StrikeName = keyof typeof WEATHER;

/** The weather that there can be with a store. */
export function possible(hasDatabase: boolean): readonly StrikeName[] {
  const names = Object.keys(WEATHER) as StrikeName[];
  return names.filter(name => hasDatabase || WEATHER[name].of === 'signer');
}
