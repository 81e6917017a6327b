import { randomUUID } from 'node:crypto';
import type { AuditFields } from '../audit/line.ts';
import type { Action, Outcome } from './action.ts';
import { askedAccount, doneAccount, type Account } from './account.ts';
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
  const request = randomUUID();
  const write = (event: string, { fields, keys = [] }: Account): void => {
    const [own, ofKeys] = [{ request, ...fields }, keys.map(key => ({ request, ...key }))];
    if (action.isAudited) audited(desk, `watermark.${name}.${event}`, own, ofKeys);
  };
  // What was done is told as done, and what was refused as refused, also where neither can be written down.
  const isWritten = (event: string, account: Account): boolean => {
    try {
      write(event, account);
      return true;
    } catch (error) {
      if (error instanceof AdminError) return false;
      throw error;
    }
  };
  const asked = askedAccount(parsed.data);
  if (action.isUrgent === true) isWritten('asked', asked);
  else write('asked', asked);
  let outcome: Outcome;
  try {
    outcome = await action.run(desk, parsed.data);
  } catch (error) {
    const code = error instanceof AdminError ? error.code : 'mistake';
    isWritten('refused', { fields: { code } });
    throw error;
  }
  return isWritten('done', doneAccount(outcome)) ? outcome : { ...outcome, audit: 'not_written' };
}

/** The status of an answer: that of the first key that was refused, if any was. */
export function statusOf({ keys }: Outcome): number {
  const refused = keys.find(each => each.refused !== undefined)?.refused;
  return refused === undefined ? 200 : ADMIN_REFUSALS[refused.code].status;
}

/** @throws AdminError `audit_unavailable` */
function audited(
  desk: Desk,
  event: string,
  fields: AuditFields,
  keys: readonly AuditFields[],
): void {
  try {
    desk.audit(event, fields, keys);
  } catch (error) {
    throw new AdminError(
      'audit_unavailable',
      error instanceof Error ? error.message : String(error),
    );
  }
}
