import { TezosError } from './errors.ts';

/** For tests: the code of the one error that reading may throw; another error fails the test. */
export function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof TezosError) return error.code;
    throw error;
  }
  return 'accepted';
}
