/** Why a store could not do what it was asked; nothing is signed then. */
export const STORE_ERRORS = {
  busy: 'another process holds the store',
  unavailable: 'the store could not make a change durable, and makes none until it is opened again',
  replaced:
    'another file stands in its place, or it has another name too; it is not used until it is opened again',
  foreign_schema: 'the file is no watermark store, or no journal, of this version',
  unreadable: 'the file cannot be opened or read',
  unsafe_place:
    'the file cannot be held: it is none, has another name too, or lies on a file system of a network',
  other_cluster: 'this is another database than the one that is known, or another server took over',
  not_migrated: 'the database has another schema than this version needs',
  misconfigured: 'the database is set up in a way that nothing may rest on',
  overloaded: 'more changes are waiting than the store takes',
  closed: 'the store was closed',
  mistake: 'a change was refused for a mistake of our own; nothing of it was written',
} as const;

/** One of the codes of {@link STORE_ERRORS}. */
export type StoreErrorCode = keyof typeof STORE_ERRORS;

/** The one error that a store throws. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, why?: string, options?: ErrorOptions) {
    super(why === undefined ? STORE_ERRORS[code] : `${STORE_ERRORS[code]}: ${why}`, options);
    this.code = code;
  }
}

/** What broke a store, told as an error of this lib. */
export function breakageOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreError('unavailable', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
