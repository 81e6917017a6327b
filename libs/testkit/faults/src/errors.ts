/** Why a part of a test could not be had, and what each code means. */
export const FAULTS_ERRORS = {
  missing: 'a program that the test needs is not on this machine',
  failed: 'a program that helps failed',
  not_started: 'the part did not become ready',
  not_running: 'the part is not running',
} as const;

export type FaultsErrorCode = keyof typeof FAULTS_ERRORS;

/** What this lib throws. */
export class FaultsError extends Error {
  override readonly name = 'FaultsError';
  readonly code: FaultsErrorCode;

  constructor(code: FaultsErrorCode, why: string, options?: ErrorOptions) {
    super(`${FAULTS_ERRORS[code]}: ${why}`, options);
    this.code = code;
  }
}
