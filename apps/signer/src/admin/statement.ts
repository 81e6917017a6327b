import { z } from '@meridian/service/schema';
import { toHex } from '@meridian/tezos';
import { verify } from '@meridian/tezos/crypto';
import { blake2b256 } from '@meridian/tezos/hash';
import { canonicalBytes } from '@meridian/watermark/interchange';
import {
  address,
  chain,
  count,
  edpk,
  edsig,
  epoch,
  fieldOf,
  kind,
  KEYS_MAX,
  name,
  position,
} from './arguments.ts';
import type { Desk } from './desk.ts';
import { AdminError } from './errors.ts';
import type { Identity } from './identity.ts';

/** As much as is shown to whoever signs it. */
const REASON_MAX = 300;
/** What is signed is what is seen: nothing that moves, hides or turns round the text on a terminal. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u;

/** The rows of one key that a site gets the right for. */
const KEY_STATED = z.strictObject({
  public_key_hash: address,
  kinds: z
    .array(kind)
    .min(1)
    .refine(kinds => new Set(kinds).size === kinds.length, 'each kind once is expected'),
  /** Of the rows that the right is given for: worth nothing once they were released. */
  incarnation: name,
  generation: count,
  /** At and below this nothing is signed any more, by the word of those who sign. */
  floor: z.strictObject({ level: position, round: position }),
});

/** What two operators say when they break the glass. */
const STATEMENT = z
  .strictObject({
    format: z.literal('meridian-break-glass'),
    version: z.literal(2),
    chain_id: chain,
    /** Who becomes the holder of the rows, under which epoch. */
    site: name,
    epoch,
    keys: z
      .array(KEY_STATED)
      .min(1)
      .max(KEYS_MAX)
      .refine(
        keys => new Set(keys.map(each => each.public_key_hash)).size === keys.length,
        'each key once is expected',
      ),
    /** The first level that may not be signed, or null. */
    max_level: position.nullable(),
    reason: z
      .string()
      .min(1)
      .max(REASON_MAX)
      .regex(PRINTABLE, 'printable characters are expected: no control or format characters'),
    /** The last head under which it may be used. */
    expires_level: position,
  })
  // So the head under which it is used is never above a floor, below which the other site may have signed already.
  .refine(({ keys, expires_level: expires }) => keys.every(each => expires <= each.floor.level), {
    path: ['expires_level'],
    message: 'a statement expires at its lowest floor or below',
  });

const SIGNATURES_MAX = 10;

const STATEMENT_FILE = z.strictObject({
  statement: STATEMENT,
  signatures: z.array(z.strictObject({ signed_by: edpk, signature: edsig })).max(SIGNATURES_MAX),
});

/** What two operators say when they break the glass. */
export type Statement = z.output<typeof STATEMENT>;

/** What it says of one key. */
export type KeyStated = Statement['keys'][number];

/** A statement with the signatures that it has so far. */
export type StatementFile = z.output<typeof STATEMENT_FILE>;

/** Characters of a statement file. */
const TEXT_MAX = 1024 * 1024;

/** Reads a statement file. @throws AdminError `too_large`, `not_json`, `bad_field` */
export function readStatement(text: string): StatementFile {
  if (text.length > TEXT_MAX) throw new AdminError('too_large', undefined, 'statement');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new AdminError('not_json', (error as Error).message, 'statement');
  }
  const parsed = STATEMENT_FILE.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AdminError('bad_field', issue?.message, fieldOf(issue));
}

/** The statement with one more signature: over its canonical bytes, as a tz1 key signs. */
export async function signStatement(
  { statement, signatures }: StatementFile,
  { publicKey, sign }: Identity,
): Promise<StatementFile> {
  const signature = await sign(bytesOf(statement));
  const others = signatures.filter(each => each.signed_by !== publicKey);
  return { statement, signatures: [...others, { signed_by: publicKey, signature }] };
}

/**
 * The operators who signed a statement, at least two different ones with different keys.
 * @throws AdminError `bad_signature`, `too_few_operators`
 */
export function operatorsBehind(
  { statement, signatures }: StatementFile,
  { operators }: Pick<Desk, 'operators'>,
): readonly string[] {
  const bytes = bytesOf(statement);
  const wrong = signatures.findIndex(each => !verify(each.signed_by, each.signature, bytes));
  if (wrong >= 0)
    throw new AdminError('bad_signature', undefined, `signatures[${wrong.toString()}]`);
  const keys = new Set(signatures.map(each => each.signed_by));
  const behind = operators.filter(({ publicKey }) => keys.has(publicKey));
  const names = new Set(behind.map(each => each.name));
  if (Math.min(names.size, new Set(behind.map(each => each.publicKey)).size) < OPERATORS_MIN)
    throw new AdminError('too_few_operators', [...names].join(', ') || 'none signed');
  return [...names];
}

const OPERATORS_MIN = 2;

/** What a statement is called in the audit: the BLAKE2b hash of the bytes that are signed, in hexadecimal. */
export function digestOf(statement: Statement): string {
  return toHex(blake2b256(bytesOf(statement)));
}

function bytesOf(statement: Statement): Uint8Array {
  return canonicalBytes(statement);
}
