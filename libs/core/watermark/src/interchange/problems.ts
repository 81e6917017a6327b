import { err, ok, type Result } from '@meridian/prelude';

/** Why a file of marks was not taken; the key is the code. */
export const INTERCHANGE_PROBLEMS = {
  too_large: 'the file is larger than any such file is',
  not_json: 'the file is no JSON',
  bad_field: 'a field is missing, unknown, or not what it has to be',
  other_format: 'the file is of another format, or of a version that is not known here',
  too_many: 'the file has more entries than any signer has rows',
  twice: 'two entries are about the same chain, key and kind',
  unsigned: 'the file is not signed',
  bad_signature: 'the signature is not one of this content under this key',
  garbage_marks:
    'octez-signer before v23.0 read the votes of tz4 keys two bytes off, so its marks say nothing',
} as const;

/** The code of a problem with a file. */
export type InterchangeProblemCode = keyof typeof INTERCHANGE_PROBLEMS;

/** A problem with a file: its code, the field that has it, and what was expected there. */
export type InterchangeProblem = {
  readonly code: InterchangeProblemCode;
  /** Such as `data[3].level`; empty for the whole file. */
  readonly field: string;
  readonly why: string;
};

/** A problem in the words of its code unless better ones are at hand. */
export function problem(
  code: InterchangeProblemCode,
  field: string,
  why: string = INTERCHANGE_PROBLEMS[code],
): InterchangeProblem {
  return { code, field, why };
}

/** The value of a JSON text of a bounded length. */
export function readJson(text: string, charactersMax: number): Result<unknown, InterchangeProblem> {
  if (text.length > charactersMax) return err(problem('too_large', ''));
  try {
    return ok(JSON.parse(text) as unknown);
  } catch (error) {
    return err(problem('not_json', '', error instanceof Error ? error.message : String(error)));
  }
}
