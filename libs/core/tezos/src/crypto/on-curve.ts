import { TezosError } from '../errors.ts';

/**
 * Runs arithmetic on keys and signatures of the right length. The library's own words may show key
 * material, so they are replaced.
 * @throws TezosError `not_on_curve`
 */
export function onCurve<Value>(reason: string, run: () => Value): Value {
  try {
    return run();
  } catch (error) {
    if (error instanceof TezosError) throw error;
    throw new TezosError('not_on_curve', reason);
  }
}
