import { z } from '@meridian/service/schema';
import { fromBase58, level, round, TezosError, type Base58Kind } from '@meridian/tezos';
import type { ChainId, PublicKey, PublicKeyHash, Signature } from '@meridian/tezos';
import { KINDS, type Position } from '@meridian/watermark';
import type { KeyOfRows } from '@meridian/watermark/administration';
import type { Desk } from './desk.ts';
import { AdminError } from './errors.ts';

/** The types of what an action is given; each names what it expects. */

export const chain = base58<ChainId>('the id of a chain', ['chainId']);
export const address = base58<PublicKeyHash>('an address, complete and without a slip,', [
  ...(['tz1', 'tz2', 'tz3', 'tz4'] as const),
]);
export const edpk = base58<PublicKey>('an Ed25519 public key (edpk…)', ['edpk']);
export const edsig = base58<Signature>('an Ed25519 signature (edsig…)', ['edsig']);

/** A level or a round. */
export const position = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);
/** An epoch that is given: those that are skipped are lost, but never all that are left. */
export const epoch = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);
export const count = z.int().min(0);
/** A name of a person, site or incarnation, as files have it. */
export const name = z
  .string()
  .regex(/^[!-~]{1,100}$/, '1 to 100 printable characters without spaces are expected');
export const kind = z.enum(KINDS);

/** Keys that are named at most. */
export const KEYS_MAX = 1_000;

/** Which rows an action is about: all keys of the signer unless some are named. */
export const SUBJECT = {
  chain: chain.optional(),
  keys: z.array(address).min(1).max(KEYS_MAX).optional(),
};

/** Which rows an action changes: those of keys that are named, or by that word those of all keys of the signer. */
export const CHOSEN = { ...SUBJECT, all: z.literal(true).optional() };

type Chosen = { readonly keys?: unknown; readonly all?: unknown };

/** That {@link CHOSEN} says one of both: a change is never about all keys because none was named. */
export const isChosen = ({ keys, all }: Chosen): boolean =>
  (keys === undefined) !== (all === undefined);

/** What is told of a request that is not {@link isChosen}. */
export const CHOICE = {
  path: ['keys'],
  message: 'either keys (--key ADDRESS) or all: true (--all) is expected',
};

/** Which kinds: all of them unless some are named. */
export const KINDS_ASKED = {
  kinds: z
    .array(kind)
    .min(1)
    .max(KINDS.length)
    .transform(kinds => KINDS.filter(each => kinds.includes(each)))
    .default([...KINDS]),
};

/** A floor as it is asked for. */
export const FLOOR = z.strictObject({ level: position, round: position.default(0) });

export function positionOf(floor: z.output<typeof FLOOR>): Position {
  return { level: level(floor.level), round: round(floor.round) };
}

/**
 * The rows' keys that an action is about.
 * @throws AdminError `unknown_chain`, `unknown_key`, `malformed` where a signer has several chains and none is named
 */
export function subjectsOf(
  { chains, keys }: Pick<Desk, 'chains' | 'keys'>,
  asked: {
    readonly chain?: ChainId | undefined;
    readonly keys?: readonly PublicKeyHash[] | undefined;
  },
): readonly KeyOfRows[] {
  const [only, ...others] = chains;
  if (asked.chain === undefined && others.length > 0)
    throw new AdminError('malformed', `one of ${chains.join(', ')} is expected`, 'chain');
  const chainId = chains.find(each => each === (asked.chain ?? only));
  if (chainId === undefined) throw new AdminError('unknown_chain', asked.chain, 'chain');
  const held = keys();
  for (const [at, pkh] of (asked.keys ?? []).entries()) {
    if (!held.includes(pkh)) throw new AdminError('unknown_key', pkh, `keys[${at.toString()}]`);
  }
  return [...new Set(asked.keys ?? held)].map(pkh => ({ chainId, pkh }));
}

/** The part of what was given that is to blame, such as `keys[0]`. */
export function fieldOf(issue: z.core.$ZodIssue | undefined): string {
  const path = issue?.path ?? [];
  const steps = issue?.code === 'unrecognized_keys' ? [...path, ...issue.keys.slice(0, 1)] : path;
  return steps
    .map(step => (typeof step === 'number' ? `[${step.toString()}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
}

function base58<Text extends string>(is: string, kinds: readonly Base58Kind[]) {
  return z.custom<Text>(value => kinds.some(each => isOf(each, value)), `${is} is expected`);
}

function isOf(each: Base58Kind, value: unknown): boolean {
  try {
    fromBase58(each, value);
    return true;
  } catch (error) {
    if (error instanceof TezosError) return false;
    throw error;
  }
}
