export { assert, unreachable } from './assert.ts';
export type { Brand } from './brand.ts';
export { err, ok, type Result } from './result.ts';
export { seededRandom, type Random } from './random.ts';
export { duration, elapsedMs, fineClock, instant, later, manualClock } from './time.ts';
export type { Clock, Duration, Instant, ManualClock } from './time.ts';
