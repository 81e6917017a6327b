import { DatabaseError, type DatabaseErrorCode } from './errors.ts';

/** What an error may say of a statement, without those that only a look at the session can tell. */
export type Outcome = Extract<
  DatabaseErrorCode,
  | 'not_applied'
  | 'unknown'
  | 'refused_now'
  | 'mistake'
  | 'misconfigured'
  | 'licence'
  | 'not_migrated'
>;

/** Whether the statement had left when the error came, or the connection was still being made. */
export type Phase = 'connecting' | 'sent';

/**
 * SQLSTATEs and classes of them (their first two characters), and what they say in each phase (signer.md E.5, deploy.md
 * A.6). What is not listed: nothing was sent while connecting, and nobody knows afterwards.
 */
export const SQLSTATES: Readonly<Record<string, Readonly<Partial<Record<Phase, Outcome>>>>> = {
  /** Serialisation failure, and deadlock: rolled back. */
  '40001': { sent: 'not_applied' },
  '40P01': { sent: 'not_applied' },
  /** `result is ambiguous`, of CockroachDB. */
  '40003': { sent: 'unknown' },
  /** `lock_timeout`. */
  '55P03': { sent: 'not_applied' },
  /** `statement_timeout`, or cancelled: for a statement that is its own transaction, as good as a lost reply. */
  '57014': { sent: 'unknown' },
  /** Shut down, crashed, starting. */
  '57': { connecting: 'refused_now', sent: 'unknown' },
  /** Connection errors. */
  '08': { connecting: 'refused_now', sent: 'unknown' },
  /** Too many connections, no memory, disk full. */
  '53': { connecting: 'refused_now', sent: 'refused_now' },
  /** Values out of range, and broken constraints. */
  '22': { connecting: 'misconfigured', sent: 'mistake' },
  '23': { sent: 'mistake' },
  /** Syntax and names. */
  '42': { connecting: 'misconfigured', sent: 'mistake' },
  '0A': { connecting: 'misconfigured', sent: 'mistake' },
  /** No such table, column or schema. */
  '42P01': { connecting: 'not_migrated', sent: 'not_migrated' },
  '42703': { connecting: 'not_migrated', sent: 'not_migrated' },
  '3F000': { connecting: 'not_migrated', sent: 'not_migrated' },
  /** No privilege; read-only; no such user, database or password. */
  '42501': { connecting: 'misconfigured', sent: 'misconfigured' },
  '25006': { connecting: 'misconfigured', sent: 'misconfigured' },
  '28': { connecting: 'misconfigured', sent: 'misconfigured' },
  '3D000': { connecting: 'misconfigured', sent: 'misconfigured' },
  /** CockroachDB without a licence takes five transactions at once. */
  XXC02: { connecting: 'licence', sent: 'licence' },
};

/** What a caller may do after an error, by its code. */
export const MAY_ASK_AGAIN: ReadonlySet<DatabaseErrorCode> = new Set([
  'not_applied',
  'unknown',
  'refused_now',
]);

/** The codes after which a connection is as good as before. */
export const KEEPS_CONNECTION: ReadonlySet<DatabaseErrorCode> = new Set(['not_applied', 'mistake']);

/** Errors of the handshake in Node and in the driver: the other side cannot show that it is who we want. */
const TLS_ERROR = /^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(GET|VERIFY))/;
const NO_TLS = 'does not support SSL';

/** What an error of the driver says of a statement. A statement that the client gave up is `unknown`, like a cut. */
export function classify(error: unknown, phase: Phase): Outcome {
  const code = codeOf(error);
  if (phase === 'connecting' && (TLS_ERROR.test(code) || messageOf(error).includes(NO_TLS))) {
    return 'misconfigured';
  }
  const said = SQLSTATES[code] ?? (isSqlState(code) ? SQLSTATES[code.slice(0, 2)] : undefined);
  return said?.[phase] ?? (phase === 'connecting' ? 'refused_now' : 'unknown');
}

/** An error of the driver as one of ours; ours stay as they are. */
export function told(error: unknown, phase: Phase): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const code = codeOf(error);
  const said = messageOf(error);
  return new DatabaseError(classify(error, phase), said, isSqlState(code) ? code : undefined);
}

function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && code !== 'EPIPE';
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'no reason was given';
}
