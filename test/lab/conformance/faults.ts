import { err, ok, type Result } from '@meridian/prelude';

/** The faults that a case may ask for, and the words that tell them: all of `says` and none of `not`. */
export const FAULTS = {
  database_hangs: {
    meaning: 'the store takes connections and never answers',
    says: [
      /\b(db|database|store|sql|postgres\w*|cockroach\w*)\b/i,
      /\bnever answers|\bhangs?\b|no answer/i,
    ],
    not: [/kill/i],
  },
  answer_lost: {
    meaning: 'the commit is made and its answer is lost',
    says: [/\bcommit\b/i, /\b(drops?|lost|loses|cuts?|resets?|swallow\w*)\b/i],
    not: [/kill/i, /\bvault\b/i],
  },
  vault_fails: {
    meaning: 'the vault gives an error once',
    says: [/\bvault\b/i, /\b(errors?|fails?|throws)\b/i],
    not: [/kill/i],
  },
  killed_after_commit: {
    meaning: 'the signer is killed between its commit and its reply',
    says: [/kill/i, /\bcommit\b/i],
    not: [/\bvault\b/i],
  },
  killed_before_seal: {
    meaning: "the signer is killed between the vault's signature and its being stored",
    says: [/kill/i, /\bvault\b/i],
    not: [],
  },
  disk_full: {
    meaning: 'nothing can be appended to the files of the store',
    says: [/\bENOSPC\b|disk (is )?full|no space/i],
    not: [],
  },
  told_to_end: {
    meaning: 'the signer is told to end while requests are under way',
    says: [/\bSIGTERM\b|shut ?down/i],
    not: [],
  },
} as const satisfies Record<
  string,
  { readonly meaning: string; readonly says: readonly RegExp[]; readonly not: readonly RegExp[] }
>;

export type FaultName = keyof typeof FAULTS;

/** A fault as a case asks for it. */
export type Fault = {
  readonly name: FaultName;
  /** The steps say what the same request gets after the fault, not what it gets from it. */
  readonly asksAgain: boolean;
  /** How many requests are under way. */
  readonly requests: number;
};

const REQUESTS = 20;
/** They are asked at once, each on a connection of its own. */
const REQUESTS_MAX = 60;

/** Recognises the words of a fault; the error is for people. */
export function recognise(text: string): Result<Fault, string> {
  const names = Object.entries(FAULTS)
    .filter(
      ([, { says, not }]: readonly [string, (typeof FAULTS)[FaultName]]) =>
        says.every(word => word.test(text)) && !not.some(word => word.test(text)),
    )
    .map(([name]) => name as FaultName);
  const [name, another] = names;
  if (name === undefined || another !== undefined) {
    const known = Object.values(FAULTS).map(({ meaning }) => meaning);
    const why = another === undefined ? 'not recognised' : `both ${names.join(' and ')}`;
    return err(`the fault "${text}" is ${why}; known are: ${known.join('; ')}`);
  }
  const [, count] = /\b(\d+)\s+(requests?|in flight)/i.exec(text) ?? [];
  return ok({
    name,
    asksAgain: /\bsame request\b|\b(asked?|sent|request\w*) again\b|\bretr(y|ies)\b/i.test(text),
    requests: Math.min(count === undefined ? REQUESTS : Number(count), REQUESTS_MAX),
  });
}
