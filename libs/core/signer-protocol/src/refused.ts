import { err, ok, type Result } from '@meridian/prelude';
import { TezosError } from '@meridian/tezos';
import { protocolProblem, type Problem } from './problems.ts';

/** Leaves a reader at the first problem; {@link outcomeOf} turns it into a value. */
export class Refused extends Error {
  readonly problem: Problem;

  constructor(...problem: Parameters<typeof protocolProblem>) {
    super(problem[0]);
    this.problem = protocolProblem(...problem);
  }
}

/** What a reader makes of a request, or the problem that it left with. */
export function outcomeOf<Value>(read: () => Value): Result<Value, Problem> {
  try {
    return ok(read());
  } catch (error) {
    if (error instanceof Refused) return err(error.problem);
    throw error;
  }
}

/** Runs a check of the protocol lib and names the argument that failed it. */
export function argument<Value>(
  name: string,
  read: () => Value,
  why?: string,
  code: 'malformed_argument' | 'malformed_body' = 'malformed_argument',
): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TezosError)) throw error;
    throw new Refused(code, `${name}: ${why ?? error.message}`);
  }
}
