import { expect, test } from 'vitest';
import { duration, instant, later, type Instant } from '@meridian/prelude';
import type { ChainEvent } from '@meridian/sandbox-chain';
import { handChain } from '@meridian/sandbox-chain/hand';
import { startDriver, type Driver } from './driver.ts';

const now = (): Instant => instant(Date.now());

/** A chain on which something is due every few milliseconds, so often. */
function ticking(times: number): Parameters<typeof startDriver>[0] {
  const [event] = handChain().grow();
  let due = now();
  let left = times;
  return {
    nextWake: () => due,
    advanceTo: at => {
      if (at < due || left === 0 || event === undefined) return [];
      left -= 1;
      due = later(at, duration(5));
      return [event];
    },
  };
}

test('what is due happens without being asked for', async () => {
  let driver: Driver | undefined;
  const events: ChainEvent[] = [];
  await new Promise<void>(resolve => {
    driver = startDriver(ticking(3), now, some => {
      events.push(...some);
      if (events.length === 3) resolve();
    });
  });
  driver?.stop();
  expect(events.length).toBe(3);
});

test('what is due happens at once when it is asked for', () => {
  const events: ChainEvent[] = [];
  let at = instant(0);
  const [event] = handChain().grow();
  const driver = startDriver(
    {
      nextWake: () => instant(1_000),
      advanceTo: time => (time >= 1_000 && event !== undefined ? [event] : []),
    },
    () => at,
    some => events.push(...some),
  );
  driver.catchUp();
  expect(events).toEqual([]);
  at = instant(1_000);
  driver.catchUp();
  expect(events).toEqual([event]);
  driver.stop();
  driver.catchUp();
  expect(events.length).toBe(1);
});
