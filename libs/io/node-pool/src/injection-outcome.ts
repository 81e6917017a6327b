import type { InjectionFailureCode } from './errors.ts';

/** What a node said to an operation, or why it said nothing. */
export type InjectionOutcome =
  | { readonly ok: true; readonly hash: string }
  | {
      readonly ok: false;
      readonly code: InjectionFailureCode;
      readonly message: string;
      /** The HTTP status, when there was one. */
      readonly status?: number;
    };

/** Characters of a node's words that are repeated in a message. */
const QUOTED_CHARACTERS_MAX = 1_000;

/** A node that did not take the operation. */
export function failure(
  code: InjectionFailureCode,
  message: string,
  status?: number,
): InjectionOutcome {
  return { ok: false, code, message, ...(status === undefined ? {} : { status }) };
}

/**
 * Reads the answer to `POST /injection/operation`: the operation's hash, or a trace of errors whose `msg` says why not
 * (protocol.md §4.3, §10).
 */
export function readInjectionAnswer(status: number, text: string): InjectionOutcome {
  const value = parsed(text);
  if (status >= 400) {
    const quoted = wordsOf(value, text).slice(0, QUOTED_CHARACTERS_MAX).trim();
    const words = `status ${status}${quoted === '' ? '' : `: ${quoted}`}`;
    return failure('refused', words, status);
  }
  if (status === 200 && typeof value === 'string') return { ok: true, hash: value };
  return failure('bad_answer', `status ${status} with an answer that is no hash`, status);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a trace says to people; the text as it came when it is no trace, or says nothing. */
function wordsOf(value: unknown, text: string): string {
  const errors: readonly unknown[] = Array.isArray(value) ? value : [];
  const words = errors
    .map(error => (typeof error === 'object' && error !== null && 'msg' in error ? error.msg : ''))
    .filter(msg => typeof msg === 'string' && msg !== '');
  return words.length === 0 ? text : words.join('; ');
}
