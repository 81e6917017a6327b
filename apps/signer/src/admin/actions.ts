import type { Action, Outcome } from './action.ts';
import { ACTIVATE } from './activate.ts';
import { ADOPT } from './adopt.ts';
import { fieldOf } from './arguments.ts';
import type { Desk } from './desk.ts';
import { ADMIN_REFUSALS, AdminError } from './errors.ts';
import { INIT } from './init.ts';
import { LATCH, RELEASE } from './latches.ts';
import { RAISE } from './raise.ts';
import { SHOW } from './show.ts';
import { EXPORT, IMPORT } from './transfer.ts';

/** Everything that an operator may ask of the watermark of a running signer. */
export const ACTIONS: readonly Action[] = [
  INIT,
  SHOW,
  RAISE,
  EXPORT,
  IMPORT,
  ADOPT,
  LATCH,
  RELEASE,
  ACTIVATE,
];

/**
 * Does what an operator asks. It is written down before anything changes, and what became of it afterwards.
 * @param given the arguments as they came, not read yet
 * @throws AdminError
 */
export async function perform(desk: Desk, name: string, given: unknown): Promise<Outcome> {
  const action = ACTIONS.find(each => each.name === name);
  if (action === undefined) throw new AdminError('unknown_action', name);
  const parsed = action.args.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new AdminError('malformed', issue?.message, fieldOf(issue));
  }
  const write = (event: string, fields: object): void => {
    if (action.isAudited) audited(desk, `watermark.${name}.${event}`, fields);
  };
  // What was done is told as done, and what was refused as refused, also where neither can be written down.
  const isWritten = (event: string, fields: object): boolean => {
    try {
      write(event, fields);
      return true;
    } catch (error) {
      if (error instanceof AdminError) return false;
      throw error;
    }
  };
  const asked = withoutFile(parsed.data);
  if (action.isUrgent === true) isWritten('asked', asked);
  else write('asked', asked);
  let outcome: Outcome;
  try {
    outcome = await action.run(desk, parsed.data);
  } catch (error) {
    const code = error instanceof AdminError ? error.code : 'mistake';
    isWritten('refused', { code });
    throw error;
  }
  const { keys, digest, by, statement } = outcome;
  const changed = keys.map(({ public_key_hash, rows, refused, stated }) => ({
    ...{ public_key_hash, rows, refused, stated },
  }));
  return isWritten('done', { keys: changed, digest, by, statement })
    ? outcome
    : { ...outcome, audit: 'not_written' };
}

/** The status of an answer: that of the first key that was refused, if any was. */
export function statusOf({ keys }: Outcome): number {
  const refused = keys.find(each => each.refused !== undefined)?.refused;
  return refused === undefined ? 200 : ADMIN_REFUSALS[refused.code].status;
}

/** @throws AdminError `audit_unavailable` */
function audited(desk: Desk, event: string, fields: object): void {
  try {
    desk.audit(event, { ...fields });
  } catch (error) {
    throw new AdminError(
      'audit_unavailable',
      error instanceof Error ? error.message : String(error),
    );
  }
}

/** What was asked, without the text of a file, which the outcome names by its digest, and without signatures. */
function withoutFile({
  file: _,
  statement: __,
  floors,
  ...args
}: Readonly<Record<string, unknown>>): object {
  return Array.isArray(floors) ? { ...args, floors: floors.length } : args;
}
