/** What is known of a statement that failed. */
export const DATABASE_ERRORS = {
  not_applied: 'the server surely did not do it, and may be asked again',
  unknown: 'the server may have done it or not; the same statement again is all that may follow',
  refused_now: 'no server took the statement: none can be reached, or it takes no more now',
  mistake: 'the statement or a value in it is wrong, which is a mistake of our own',
  misconfigured: 'the server is set up in a way that nothing may rest on, or takes us for nobody',
  licence: 'the server does less than it could for want of a licence',
  not_migrated: 'the database has another schema than this version needs',
  other_cluster: 'this is another database than the one that is known',
  failed_over: 'another server took over, and it may have forgotten what this one was told',
  bad_options: 'the database cannot be opened with these options',
  closed: 'the database was closed',
} as const;

/** One of the codes of {@link DATABASE_ERRORS}. */
export type DatabaseErrorCode = keyof typeof DATABASE_ERRORS;

/**
 * The one error that this lib throws. It carries no error of the driver, which may hold the connection with its
 * password, and nothing of the URL.
 */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly code: DatabaseErrorCode;
  /** What the server said, where it said something. */
  readonly sqlState: string | undefined;

  constructor(code: DatabaseErrorCode, why: string, sqlState?: string) {
    const said = sqlState === undefined ? why : `${why} (${sqlState})`;
    super(`${DATABASE_ERRORS[code]}: ${said}`);
    this.code = code;
    this.sqlState = sqlState;
  }
}
