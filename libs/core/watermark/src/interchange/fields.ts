import { identifyBase58, TezosError, type Base58Kind } from '@meridian/tezos';
import { HISTORIES, KINDS, MODES } from '../row.ts';
import { problem, type InterchangeProblem } from './problems.ts';

/** What a field may hold: `fits` decides, `is` says it to people. */
export type Field = { readonly is: string; readonly fits: (value: unknown) => boolean };

/** A table of the fields that an object has: all of them, and no others. */
export type Fields = Readonly<Record<string, Field>>;

const INT31_MAX = 2 ** 31 - 1;

/** Levels and rounds. */
export const position: Field = number('a whole number from 0 to 2147483647', INT31_MAX);
/** Epochs, generations and other counts. */
export const count: Field = number('a whole number, 0 or more', Number.MAX_SAFE_INTEGER);
/** Names of sites, incarnations and people: printable, without spaces, so that they are compared as they look. */
export const name: Field = text('1 to 100 printable characters without spaces', /^[!-~]{1,100}$/);
export const chainId: Field = base58('the id of a chain, such as NetXdQprcVkpaWU', ['chainId']);
export const address: Field = base58('an address: tz1, tz2, tz3 or tz4', [
  ...(['tz1', 'tz2', 'tz3', 'tz4'] as const),
]);
export const edpk: Field = base58('an Ed25519 public key (edpk…)', ['edpk']);
export const edsig: Field = base58('an Ed25519 signature (edsig…)', ['edsig']);
export const signature: Field = base58('a signature', ['edsig', 'spsig1', 'p2sig', 'sig', 'BLsig']);
export const digest: Field = text('64 hexadecimal digits, in lower case', /^[0-9a-f]{64}$/);
/** A vote is at most 512 bytes. */
export const payload: Field = text(
  '1 to 512 bytes in lower-case hexadecimal digits',
  /^(?:[0-9a-f]{2}){1,512}$/,
);
export const time: Field = text(
  'a time in UTC, such as 2026-11-25T08:00:00Z',
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/,
);
export const kind: Field = oneOf(KINDS);
export const mode: Field = oneOf(MODES);
export const history: Field = oneOf(HISTORIES);

export function oneOf(values: readonly (string | number)[]): Field {
  return {
    is: values.map(value => JSON.stringify(value)).join(', '),
    fits: value => values.some(each => each === value),
  };
}

export function orNull({ is, fits }: Field): Field {
  return { is: `${is}, or null`, fits: value => value === null || fits(value) };
}

/** The first field of `value` that is missing, unknown, or not what the table says. */
export function fieldProblem(
  value: unknown,
  fields: Fields,
  path: string,
): InterchangeProblem | undefined {
  if (!isObject(value)) return problem('bad_field', path, 'an object is expected');
  const at = (each: string): string => (path === '' ? each : `${path}.${each}`);
  for (const [each, { is, fits }] of Object.entries(fields)) {
    if (!Object.hasOwn(value, each)) return problem('bad_field', at(each), 'is missing');
    if (!fits(value[each])) return problem('bad_field', at(each), `${is} is expected`);
  }
  const unknown = Object.keys(value).find(each => !Object.hasOwn(fields, each));
  return unknown === undefined
    ? undefined
    : problem('bad_field', at(unknown), 'there is no such field');
}

/** An object of JSON, not a list and not null. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function number(is: string, max: number): Field {
  const fits = (value: unknown): boolean =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;
  return { is, fits };
}

function text(is: string, pattern: RegExp): Field {
  return { is, fits: value => typeof value === 'string' && pattern.test(value) };
}

function base58(is: string, kinds: readonly Base58Kind[]): Field {
  const fits = (value: unknown): boolean => {
    try {
      identifyBase58(kinds, value);
      return true;
    } catch (error) {
      if (error instanceof TezosError) return false;
      throw error;
    }
  };
  return { is, fits };
}
