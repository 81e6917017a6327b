import type { Clock } from '@meridian/prelude';
import { openAudit, type Audit, type OpenAudit } from '../audit.ts';
import { AuditError } from './errors.ts';

/** Who is told of a file that cannot be opened, and of one that was. */
export type Told = {
  readonly failed: (error: AuditError) => void;
  readonly opened: (audit: OpenAudit) => void;
};

/** How often a file that cannot be opened is tried again though nobody asks. */
export const TRY_AGAIN_MS = 30_000;

/**
 * An audit that a signer starts without where its file cannot be opened or written (rule 9): lines are lost and counted
 * meanwhile, and what has to be recorded first is refused. It is tried again now and then, and with each record.
 * @throws AuditError `broken` for a file that is none of ours: the configuration names the wrong one
 */
export function lastingAudit(path: string, now: Clock, told: Told): Audit {
  let audit: Audit | undefined;
  let lost = 0;
  const opened = (): Audit => {
    if (audit !== undefined) return audit;
    try {
      const anew = openAudit(path, now, lost);
      clearInterval(timer);
      told.opened(anew);
      return (audit = anew);
    } catch (error) {
      if (error instanceof AuditError) told.failed(error);
      throw error;
    }
  };
  const tryAgain = (): void => {
    try {
      opened();
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
    }
  };
  const timer = setInterval(tryAgain, TRY_AGAIN_MS).unref();
  try {
    opened();
  } catch (error) {
    if (!(error instanceof AuditError) || error.code === 'broken') {
      clearInterval(timer);
      throw error;
    }
  }
  return {
    record: (event, fields, keys) => opened().record(event, fields, keys),
    note: (event, fields) => {
      if (audit === undefined) lost += 1;
      else audit.note(event, fields);
    },
    lost: () => audit?.lost() ?? lost,
    close: () => {
      clearInterval(timer);
      audit?.close();
    },
  };
}
