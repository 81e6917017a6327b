/** Why a value or its bytes were refused; the same string in logs, metrics and JSON. */
export const TEZOS_ERRORS = {
  bad_checksum: 'base58check text whose checksum does not fit its data',
  bad_text: 'text that is not written in the alphabet or form asked for',
  bad_type: 'a JSON value of another type than the field has',
  missing_field: 'a JSON object without a field that it must have',
  not_canonical: 'bytes that another, shorter or ordered form also stands for',
  not_on_curve: 'a key or signature that does not lie on its curve, or in its group',
  out_of_range: 'a number outside the range that the protocol gives it',
  trailing_bytes: 'bytes left over after the value ended',
  truncated: 'bytes that end before the value does',
  unknown_field: 'a JSON field that the value does not have',
  unknown_kind: 'a tag, kind or prefix that is not known here',
  unsupported: 'a kind that the protocol knows and Meridian does not handle',
} as const;

/** One of the codes of {@link TEZOS_ERRORS}. */
export type TezosErrorCode = keyof typeof TEZOS_ERRORS;

/** The one error that reading, writing and checking protocol values throws. */
export class TezosError extends Error {
  override readonly name = 'TezosError';
  readonly code: TezosErrorCode;
  /** What is wrong, without the place. */
  readonly reason: string;
  /** Bytes read before the value that was refused, when bytes were read. */
  readonly offset: number | undefined;
  /** The field that was refused, such as `contents[0].slot`; empty for the whole value. */
  readonly path: string;

  constructor(
    code: TezosErrorCode,
    reason: string,
    place: { readonly offset?: number | undefined; readonly path?: string } = {},
  ) {
    const path = place.path ?? '';
    const where = [path, place.offset === undefined ? '' : `offset ${place.offset.toString()}`];
    super(
      [where.filter(part => part !== '').join(', '), reason].filter(part => part !== '').join(': '),
    );
    this.code = code;
    this.reason = reason;
    this.offset = place.offset;
    this.path = path;
  }

  /** The same error seen from the value that holds the refused one as its field or element `step`. */
  within(step: string): TezosError {
    const joint = this.path === '' || this.path.startsWith('[') ? '' : '.';
    return new TezosError(this.code, this.reason, {
      offset: this.offset,
      path: step + joint + this.path,
    });
  }
}

const TEXT_SHOWN_MAX = 60;

/** A value as an error shows it: one short line whatever it is, so that bad input makes no second error. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(clipped(value));
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'number' || typeof value === 'boolean') return value.toString();
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** A text from outside, cut to a length that fits a line of a log. */
export function clipped(text: string): string {
  return text.length > TEXT_SHOWN_MAX ? `${text.slice(0, TEXT_SHOWN_MAX - 3)}...` : text;
}
