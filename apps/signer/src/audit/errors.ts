/** Why an audit file cannot be used. */
export const AUDIT_ERRORS = {
  unreadable: 'the audit file cannot be opened or read',
  broken: 'the file is no audit: it begins with something else, and no line of it is one',
  unwritable: 'the audit file cannot be written',
  changed: 'somebody else writes to the audit file',
} as const;

/** The one error of the audit. */
export class AuditError extends Error {
  override readonly name = 'AuditError';
  readonly code: keyof typeof AUDIT_ERRORS;

  constructor(code: keyof typeof AUDIT_ERRORS, why?: string) {
    super(why === undefined ? AUDIT_ERRORS[code] : `${AUDIT_ERRORS[code]}: ${why}`);
    this.code = code;
  }
}

/** Does something with a file. @throws AuditError `code`, whatever was thrown */
export function orFail<Value>(code: keyof typeof AUDIT_ERRORS, act: () => Value): Value {
  try {
    return act();
  } catch (error) {
    if (error instanceof AuditError) throw error;
    throw new AuditError(code, error instanceof Error ? error.message : String(error));
  }
}
