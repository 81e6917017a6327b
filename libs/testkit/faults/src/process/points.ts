import { assert } from '@meridian/prelude';

/** The variable that tells a test program at which point it ends. */
export const HALT_AT = 'MERIDIAN_HALT_AT';

/** Told of each point that a program reaches. */
export type Reached = (point: string) => void;

/**
 * For test programs, never for an app: what ends this process by SIGKILL when it reaches the point that its environment
 * names, `POINT` or, for the n-th time, `POINT#n`. Nothing is closed, flushed or told to anybody.
 */
export function haltPoints(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Reached {
  const [halt, times = '1'] = environment[HALT_AT]?.split('#') ?? [];
  assert(/^[1-9]\d{0,8}$/.test(times), `${HALT_AT} is POINT or POINT#n`);
  let left = Number(times);
  return point => {
    if (point !== halt) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  };
}

/**
 * The part as it is, but each call of a function of it is a pair of points: `NAME.FUNCTION.before`, and
 * `NAME.FUNCTION.after` once it has returned or its promise is fulfilled, before the caller learns of it.
 */
export function withPoints<Part extends object>(name: string, part: Part, reached: Reached): Part {
  return new Proxy(part, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const point = `${name}.${String(key)}`;
      const after = (result: unknown): unknown => {
        reached(`${point}.after`);
        return result;
      };
      return (...args: readonly unknown[]): unknown => {
        reached(`${point}.before`);
        const result: unknown = Reflect.apply(value, target, args);
        return result instanceof Promise ? result.then(after) : after(result);
      };
    },
  });
}
