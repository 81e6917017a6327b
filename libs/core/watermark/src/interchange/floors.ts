import { err, ok, type Result } from '@meridian/prelude';
import { level, round, type ChainId, type PublicKeyHash } from '@meridian/tezos';
import { comparePositions, KINDS, type Kind, type Position, type RowKey } from '../row.ts';
import { ENTRIES_MAX, FILE_BYTES_MAX, type Interchange } from './file.ts';
import * as field from './fields.ts';
import { fieldProblem, isObject, orNull, type Fields } from './fields.ts';
import { problem, readJson, type InterchangeProblem } from './problems.ts';

/** At and below this a key has signed, or may have. */
export type KeyFloor = RowKey & Position;

/** A file of another signer: its name without folders, and its text. */
export type ForeignFile = { readonly name: string; readonly text: string };

type Read = Result<readonly KeyFloor[], InterchangeProblem>;

/** The last round there is: a mark whose round is not known, or not to be trusted, stands for its whole level. */
const LAST_ROUND = 2 ** 31 - 1;

/** The marks of an interchange file as floors. */
export function interchangeFloors({ data }: Interchange): readonly KeyFloor[] {
  return data.map(entry => floorOf(entry.chain_id, entry.public_key_hash, entry.kind, entry));
}

/**
 * What octez-signer calls its files, since v23.0 and before (spec/signer.md finding 5, A.8). A file of the old names may
 * stand beside new ones; the higher mark counts.
 */
const OCTEZ_FILES: Readonly<Record<string, { readonly kind: Kind; readonly isOld: boolean }>> = {
  block_high_watermarks: { kind: 'block', isOld: false },
  preattestation_high_watermarks: { kind: 'preattestation', isOld: false },
  attestation_high_watermarks: { kind: 'attestation', isOld: false },
  preendorsement_high_watermarks: { kind: 'preattestation', isOld: true },
  endorsement_high_watermarks: { kind: 'attestation', isOld: true },
};

/** The names that {@link octezSignerFloors} reads. */
export const OCTEZ_SIGNER_FILES: readonly string[] = Object.keys(OCTEZ_FILES);

const OCTEZ_MARK = {
  level: field.position,
  round: field.position,
  hash: field.digest,
  signature: field.signature,
} as const;

/**
 * The marks of octez-signer: chain, then key, then `{level, round?, hash, signature?}`. A mark without a round forbids
 * its level at any round, as octez-signer itself has it (spec/signer.md part G).
 */
export function octezSignerFloors(files: readonly ForeignFile[]): Read {
  const known = files.flatMap(file => {
    const row = OCTEZ_FILES[file.name];
    return row === undefined ? [] : [{ ...file, ...row }];
  });
  if (known.length === 0) return err(problem('bad_field', '', 'no file of octez-signer is there'));
  return collected(known, ({ name, text, kind, isOld }) =>
    marksIn(name, text, (chain, pkh, mark, path) => {
      if (isOld && pkh.startsWith('tz4')) return err(problem('garbage_marks', path));
      const fields = present(OCTEZ_MARK, ['round', 'signature'], mark);
      const wrong = fieldProblem(mark, fields, path);
      return wrong === undefined ? ok([floorOf(chain, pkh, kind, mark as Mark)]) : err(wrong);
    }),
  );
}

/** The lists of octez-baker's file, and what they hold. Source: spec/protocol.md 6.3. */
const BAKER_LISTS = {
  blocks: 'block',
  preattestations: 'preattestation',
  attestations: 'attestation',
} as const satisfies Record<string, Kind>;

/**
 * The marks of octez-baker (`<chain>_highwatermarks` in its folder): for each kind a list of
 * `{delegate, highwatermark: {round, level}}`, where `delegate` is the consensus key.
 * @param chainId the file's name shortens it, so it is told
 */
export function octezBakerFloors({ name, text }: ForeignFile, chainId: ChainId): Read {
  const json = readJson(text, FILE_BYTES_MAX);
  if (!json.ok) return err({ ...json.error, field: name });
  const lists = json.value;
  const isList = { is: 'a list', fits: (value: unknown): boolean => Array.isArray(value) };
  const wrong = fieldProblem(
    lists,
    { blocks: isList, preattestations: isList, attestations: isList },
    name,
  );
  if (wrong !== undefined) return err(wrong);
  const entries = Object.entries(BAKER_LISTS).flatMap(
    ([list, kind]) =>
      (lists as Record<string, readonly unknown[]>)[list]?.map((value, at) => ({
        ...{ value, kind, path: `${name}.${list}[${at.toString()}]` },
      })) ?? [],
  );
  return collected(entries, ({ value, kind, path }) => {
    const object = { is: 'an object', fits: isObject };
    const outer = fieldProblem(value, { delegate: field.address, highwatermark: object }, path);
    if (outer !== undefined) return err(outer);
    const { delegate, highwatermark } = value as { delegate: string; highwatermark: Mark };
    const inner = { level: field.position, round: field.position };
    const nested = fieldProblem(highwatermark, inner, `${path}.highwatermark`);
    return nested === undefined
      ? ok([floorOf(chainId, delegate, kind, highwatermark)])
      : err(nested);
  });
}

/** Signatory's words for kinds, in its releases before and after the change of names. */
const SIGNATORY_KINDS: Readonly<Record<string, Kind>> = {
  block: 'block',
  preattestation: 'preattestation',
  attestation: 'attestation',
  preendorsement: 'preattestation',
  endorsement: 'attestation',
};

/**
 * The marks of Signatory's files, `watermark_v2/<chain>.json`: key, then kind, then `{level, round, hash}`. Until 2026 it
 * took the payload round of a block for its round (spec/signer.md finding 3), so the mark of a block stands for its
 * whole level.
 */
export function signatoryFloors(files: readonly ForeignFile[]): Read {
  if (files.length === 0) return err(problem('bad_field', '', 'no file of Signatory is there'));
  return collected(files, ({ name, text }) => {
    const chain = name.replace(/\.json$/, '');
    if (!field.chainId.fits(chain))
      return err(problem('bad_field', name, 'the name is the id of a chain and .json'));
    return marksIn(name, `{"${chain}":${text}}`, (_chain, pkh, kinds, path) => {
      if (!isObject(kinds)) return err(problem('bad_field', path, 'an object is expected'));
      return collected(Object.entries(kinds), ([word, mark]) => {
        const at = `${path}.${word}`;
        const fields = { level: field.position, round: field.position, hash: orNull(anyText) };
        const wrong = kindProblem(word, at) ?? fieldProblem(mark, fields, at);
        return wrong === undefined
          ? ok([signatoryFloor(chain, pkh, word, mark as Mark)])
          : err(wrong);
      });
    });
  });
}

const anyText = { is: 'a text', fits: (value: unknown): boolean => typeof value === 'string' };

/**
 * The marks of Signatory's DynamoDB table, as `aws dynamodb scan` prints it or as an export to S3 has it, a line an
 * item: `idx` is chain and key, `request` the kind, `lvl` and `round` the mark.
 */
export function signatoryTableFloors({ name, text }: ForeignFile): Read {
  const items = tableItems(name, text);
  if (!items.ok) return items;
  if (items.value.length > ENTRIES_MAX) return err(problem('too_many', name));
  return collected([...items.value.entries()], ([at, item]) => {
    const path = `${name}.Items[${at.toString()}]`;
    const values = {
      idx: attribute(item, 'idx', 'S'),
      request: attribute(item, 'request', 'S'),
      level: Number(attribute(item, 'lvl', 'N') ?? NaN),
      round: Number(attribute(item, 'round', 'N') ?? NaN),
    };
    const idx: field.Field = {
      is: 'a chain and an address with a slash between them',
      fits: value => {
        const [chain, pkh, ...more] = typeof value === 'string' ? value.split('/') : [];
        return field.chainId.fits(chain) && field.address.fits(pkh) && more.length === 0;
      },
    };
    const { level, round } = { level: field.position, round: field.position };
    const wrong =
      fieldProblem(values, { idx, request: anyText, level, round }, path) ??
      kindProblem(values.request ?? '', `${path}.request`);
    if (wrong !== undefined) return err(wrong);
    const [chain = '', pkh = ''] = values.idx?.split('/') ?? [];
    return ok([signatoryFloor(chain, pkh, values.request ?? '', values)]);
  });
}

function tableItems(name: string, text: string): Result<readonly unknown[], InterchangeProblem> {
  const whole = readJson(text, FILE_BYTES_MAX);
  if (whole.ok) {
    const items = isObject(whole.value) ? (whole.value['Items'] ?? [whole.value['Item']]) : null;
    return Array.isArray(items) ? ok(items) : err(problem('bad_field', `${name}.Items`));
  }
  if (whole.error.code === 'too_large') return whole;
  const lines = text.split('\n').filter(line => line.trim() !== '');
  const items: unknown[] = [];
  for (const [at, line] of lines.entries()) {
    const item = readJson(line, FILE_BYTES_MAX);
    if (!item.ok) return err({ ...item.error, field: `${name}, line ${(at + 1).toString()}` });
    items.push(isObject(item.value) ? item.value['Item'] : item.value);
  }
  return ok(items);
}

/** An attribute of a DynamoDB item: `{"S": text}` or `{"N": digits}`. */
function attribute(item: unknown, attributeName: string, type: 'S' | 'N'): string | undefined {
  const typed = isObject(item) ? item[attributeName] : undefined;
  const value = isObject(typed) ? typed[type] : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

type Mark = { readonly level: unknown; readonly round?: unknown };

function signatoryFloor(chain: string, pkh: string, word: string, mark: Mark): KeyFloor {
  const kind = SIGNATORY_KINDS[word] ?? 'block';
  return floorOf(chain, pkh, kind, kind === 'block' ? { level: mark.level } : mark);
}

function kindProblem(word: string, path: string): InterchangeProblem | undefined {
  if (Object.hasOwn(SIGNATORY_KINDS, word)) return undefined;
  const words = Object.keys(SIGNATORY_KINDS).join(', ');
  return problem('bad_field', path, `one of ${words} is expected`);
}

/** All marks of a text with chains, keys and marks nested in one another. */
function marksIn(
  name: string,
  text: string,
  read: (chain: string, pkh: string, mark: unknown, path: string) => Read,
): Read {
  const json = readJson(text, FILE_BYTES_MAX);
  if (!json.ok) return err({ ...json.error, field: name });
  if (!isObject(json.value)) return err(problem('bad_field', name, 'an object is expected'));
  return collected(Object.entries(json.value), ([chain, keys]) => {
    const path = `${name}.${chain}`;
    if (!field.chainId.fits(chain))
      return err(problem('bad_field', path, `${field.chainId.is} is expected`));
    if (!isObject(keys)) return err(problem('bad_field', path, 'an object is expected'));
    if (Object.keys(keys).length > ENTRIES_MAX) return err(problem('too_many', path));
    return collected(Object.entries(keys), ([pkh, mark]) =>
      field.address.fits(pkh)
        ? read(chain, pkh, mark, `${path}.${pkh}`)
        : err(problem('bad_field', `${path}.${pkh}`, `${field.address.is} is expected`)),
    );
  });
}

/** What all items give, the highest of each chain, key and kind; or the first problem. */
function collected<Item>(items: readonly Item[], read: (item: Item) => Read): Read {
  const highest = new Map<string, KeyFloor>();
  for (const item of items) {
    const floors = read(item);
    if (!floors.ok) return floors;
    for (const floor of floors.value) {
      const key = [floor.chainId, floor.pkh, floor.kind].join();
      const before = highest.get(key);
      if (before === undefined || comparePositions(floor, before) > 0) highest.set(key, floor);
    }
  }
  return ok([...highest.values()]);
}

/** A table without those optional fields that an object leaves out. */
function present(fields: Fields, optional: readonly string[], value: unknown): Fields {
  const isThere = (each: string): boolean =>
    !optional.includes(each) || (isObject(value) && Object.hasOwn(value, each));
  return Object.fromEntries(Object.entries(fields).filter(([each]) => isThere(each)));
}

/** Only of what the tables of fields have let through. */
function floorOf(chain: unknown, pkh: unknown, kind: unknown, mark: Mark): KeyFloor {
  return {
    chainId: chain as ChainId,
    pkh: pkh as PublicKeyHash,
    kind: KINDS.find(each => each === kind) ?? 'block',
    level: level(mark.level),
    round: round(mark.round ?? LAST_ROUND),
  };
}
