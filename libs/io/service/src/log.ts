import { destination, pino, stdTimeFunctions, type Logger } from 'pino';

/** Writes events; `event` is a name that stays the same, the fields are for machines. */
export type Log = {
  readonly debug: (event: string, fields?: object) => void;
  readonly info: (event: string, fields?: object) => void;
  readonly warn: (event: string, fields?: object) => void;
  readonly error: (event: string, fields?: object) => void;
};

const STDERR = 2;

/** A log of one JSON object a line on standard error. */
export function openLog(app: string, level: string): Log {
  const options = {
    level,
    base: { app },
    messageKey: 'event',
    // `level` is a word of the chain here.
    formatters: { level: (severity: string) => ({ severity }) },
    timestamp: stdTimeFunctions.isoTime,
  };
  // What was logged is out before anything else happens, also before a crash.
  const logger: Logger = pino(options, destination({ fd: STDERR, sync: true }));
  return {
    debug: (event, fields = {}) => logger.debug(fields, event),
    info: (event, fields = {}) => logger.info(fields, event),
    warn: (event, fields = {}) => logger.warn(fields, event),
    error: (event, fields = {}) => logger.error(fields, event),
  };
}

/** An error as fields of a line: its words, and the code by which its class tells what it is, if it has one. */
export function fieldsOf(error: unknown): { readonly why: string; readonly code?: string } {
  if (!(error instanceof Error)) return { why: String(error) };
  const { message: why, code } = error as Error & { readonly code?: unknown };
  return typeof code === 'string' ? { why, code } : { why };
}
