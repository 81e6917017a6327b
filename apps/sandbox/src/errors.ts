/** Why the sandbox does not start or go on; `status` is what the process exits with. */
export const SANDBOX_ERRORS = {
  misused: { status: 2, meaning: 'the command line is wrong' },
  port_taken: { status: 1, meaning: 'an address cannot be listened on' },
} as const;

/** The code of a sandbox error. */
export type SandboxErrorCode = keyof typeof SANDBOX_ERRORS;

/** The one error that the sandbox throws. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
  readonly code: SandboxErrorCode;

  constructor(code: SandboxErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
