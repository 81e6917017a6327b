declare const brand: unique symbol;

/** A `Base` that only one constructor may make, so that a slot is never taken for a round. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
