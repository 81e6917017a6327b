import { TezosError } from '@meridian/tezos';

/** Why a command did not do what it was asked; `status` is what the process exits with. */
export const OPERATOR_ERRORS = {
  misused: { status: 2, meaning: 'the command line is wrong' },
  interrupted: { status: 130, meaning: 'broken off at a question' },
  bad_input: { status: 1, meaning: 'what was given to the command cannot be used' },
  unreachable: { status: 1, meaning: 'a node or daemon did not answer, or not in time' },
  refused_by_node: { status: 1, meaning: 'a node answered that it cannot or will not say' },
} as const;

/** The code of an operator error. */
export type OperatorErrorCode = keyof typeof OPERATOR_ERRORS;

/** The one error that commands throw. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  readonly code: OperatorErrorCode;

  constructor(code: OperatorErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What is said of an error, for people and for programs. */
export type ErrorReport = {
  readonly status: number;
  readonly message: string;
  readonly json: Readonly<Record<string, unknown>>;
};

/** Turns what a command threw into words; anything unexpected is thrown on, with its stack. */
export function reportOf(error: unknown): ErrorReport {
  if (error instanceof OperatorError) {
    const { code, message } = error;
    return { status: OPERATOR_ERRORS[code].status, message, json: { code, message } };
  }
  if (error instanceof TezosError) {
    const { code, message, offset, path } = error;
    return {
      status: OPERATOR_ERRORS.bad_input.status,
      message,
      json: { code, message, offset, path },
    };
  }
  throw error;
}
