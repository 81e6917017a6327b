/**
 * Stops on a programmer's error: a condition that our own code promises, never one that input decides.
 * @throws Error when `condition` is false
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/**
 * Closes an exhaustive match: the compiler refuses the call while a case is missing.
 * @throws Error when a value outside its type arrives all the same
 */
export function unreachable(value: never): never {
  throw new Error(`unreachable value: ${JSON.stringify(value)}`);
}
