import { err, ok, type Result } from '@meridian/prelude';
import type { PublicKey, SecretKey, Signature } from '@meridian/tezos';
import { publicKeyOf, sign, verify } from '@meridian/tezos/crypto';
import { NO_MAX_LEVEL, type Row } from '../row.ts';
import { canonicalBytes } from './canonical.ts';
import * as field from './fields.ts';
import { fieldProblem, isObject, orNull, type Fields } from './fields.ts';
import { problem, readJson, type InterchangeProblem } from './problems.ts';

/** What an interchange file says of itself. */
export const FORMAT = 'meridian-watermark-interchange';
const VERSION = 1;

/** Characters of a file; rows of 500 keys take a tenth. */
export const FILE_BYTES_MAX = 16 * 1024 * 1024;
/** 500 keys with three kinds fit six times. */
export const ENTRIES_MAX = 10_000;

/** Whose rows a file has, and from when. */
export type InterchangeMetadata = {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  /** The site that wrote it. */
  readonly site: string;
  /** When, in UTC. */
  readonly made_at: string;
  /** What the site calls its store, or null. */
  readonly store: string | null;
};

/** A row as a file has it: all of it, under names that say what they mean. */
export type InterchangeEntry = Readonly<Record<keyof typeof ENTRY_FIELDS, string | number | null>>;

/** An interchange file. The signature is over the canonical bytes of `metadata` and `data`. */
export type Interchange = {
  readonly metadata: InterchangeMetadata;
  readonly data: readonly InterchangeEntry[];
  readonly signed_by: PublicKey | null;
  readonly signature: Signature | null;
};

const METADATA_FIELDS: Fields = {
  format: field.oneOf([FORMAT]),
  version: field.oneOf([VERSION]),
  site: field.name,
  made_at: field.time,
  store: orNull(field.name),
};

const ENTRY_FIELDS = {
  chain_id: field.chainId,
  public_key_hash: field.address,
  kind: field.kind,
  level: field.position,
  round: field.position,
  digest: orNull(field.digest),
  bytes: orNull(field.payload),
  signature: orNull(field.signature),
  mode: field.mode,
  latched_from: orNull(field.oneOf(['standby', 'active', 'frozen'])),
  history: field.history,
  site: field.name,
  epoch: field.count,
  incarnation: field.name,
  generation: field.count,
  max_level: orNull(field.position),
  handed_epoch: orNull(field.count),
  burnt_epoch: field.count,
  seq: field.count,
} as const satisfies Fields;

const list = { is: 'a list', fits: (value: unknown): boolean => Array.isArray(value) };
const FILE_FIELDS: Fields = {
  metadata: { is: 'an object', fits: isObject },
  data: list,
  signed_by: orNull(field.edpk),
  signature: orNull(field.edsig),
};

/** A file of these rows, not signed yet. */
export function interchangeOf(
  rows: readonly Row[],
  { site, madeAt, store }: { site: string; madeAt: string; store: string | null },
): Interchange {
  return {
    metadata: { format: FORMAT, version: VERSION, site, made_at: madeAt, store },
    data: rows.map(entryOf),
    signed_by: null,
    signature: null,
  };
}

/** The file, signed as a tz1 key signs: over blake2b-256 of its canonical bytes. */
export function signInterchange(file: Interchange, secret: SecretKey): Interchange {
  return {
    ...file,
    signed_by: publicKeyOf(secret),
    signature: sign(secret, interchangeBytes(file)),
  };
}

/**
 * Reads a file; nothing is taken of one that has a field too many, too few or of another form. Whether it is signed,
 * and by whom, is asked with {@link signatureProblem}.
 */
export function readInterchange(text: string): Result<Interchange, InterchangeProblem> {
  const json = readJson(text, FILE_BYTES_MAX);
  if (!json.ok) return json;
  const file = json.value;
  if (!isObject(file)) return err(problem('bad_field', '', 'an object is expected'));
  const metadata = file['metadata'];
  if (isObject(metadata) && (metadata['format'] !== FORMAT || metadata['version'] !== VERSION))
    return err(problem('other_format', 'metadata'));
  const wrong =
    fieldProblem(file, FILE_FIELDS, '') ??
    fieldProblem(metadata, METADATA_FIELDS, 'metadata') ??
    signedHalf(file) ??
    dataProblem(file['data'] as readonly unknown[]);
  return wrong === undefined ? ok(file as Interchange) : err(wrong);
}

/** Why a file is not one that a key signed; undefined when it is. */
export function signatureProblem(file: Interchange, key: string): InterchangeProblem | undefined {
  const { signed_by, signature } = file;
  if (signed_by === null || signature === null) return problem('unsigned', 'signature');
  const isSame = signed_by === key && verify(signed_by, signature, interchangeBytes(file));
  return isSame ? undefined : problem('bad_signature', 'signature');
}

/** What the signature of a file is over. */
export function interchangeBytes({ metadata, data }: Interchange): Uint8Array {
  return canonicalBytes({ metadata, data });
}

function signedHalf(file: Readonly<Record<string, unknown>>): InterchangeProblem | undefined {
  const isHalf = (file['signed_by'] === null) !== (file['signature'] === null);
  return isHalf
    ? problem('bad_field', 'signature', 'a signature and its key come together')
    : undefined;
}

function dataProblem(data: readonly unknown[]): InterchangeProblem | undefined {
  if (data.length > ENTRIES_MAX) return problem('too_many', 'data');
  const seen = new Set<string>();
  for (const [at, entry] of data.entries()) {
    const path = `data[${at.toString()}]`;
    const wrong = fieldProblem(entry, ENTRY_FIELDS, path);
    if (wrong !== undefined) return wrong;
    const row = entry as InterchangeEntry;
    const [where, why] = mismatch(row) ?? [];
    if (where !== undefined) return problem('bad_field', `${path}.${where}`, why);
    const key = [row.chain_id, row.public_key_hash, row.kind].join();
    if (seen.has(key)) return problem('twice', path);
    seen.add(key);
  }
  return undefined;
}

/** Fields that only make sense together. */
function mismatch(row: InterchangeEntry): readonly [string, string] | undefined {
  if (row.digest === null && row.bytes !== null) return ['bytes', 'a floor has no payload'];
  if (row.digest === null && row.signature !== null)
    return ['signature', 'a floor has no signature'];
  if (row.kind === 'block' && row.bytes !== null) return ['bytes', 'a block keeps its digest only'];
  if ((row.mode === 'latched') !== (row.latched_from !== null))
    return ['latched_from', 'a latched row, and no other, says from which mode'];
  if (row.mode === 'frozen' && row.handed_epoch === null)
    return ['handed_epoch', 'a frozen row says under which epoch it was handed over'];
  return undefined;
}

function entryOf(row: Row): InterchangeEntry {
  const { level, round, digest, bytes, signature, kind, mode, history } = row;
  const { site, epoch, incarnation, generation, seq } = row;
  return {
    ...{ chain_id: row.chainId, public_key_hash: row.pkh, kind },
    ...{ level, round, digest, bytes, signature },
    ...{ mode, latched_from: row.latchedFrom, history },
    ...{ site, epoch, incarnation, generation },
    max_level: row.maxLevel === NO_MAX_LEVEL ? null : row.maxLevel,
    handed_epoch: row.handedEpoch,
    burnt_epoch: row.burntEpoch,
    seq,
  };
}
