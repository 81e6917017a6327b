import type { Parameter } from '@meridian/database';
import type { Row } from '@meridian/watermark';
import { COLUMNS, NAMES, parameterOf, type Name } from './sql-rows.ts';

/** A statement whose parameters are fields of a row. */
export type Statement = { readonly text: string; readonly names: readonly Name[] };

/** A field as `:name` becomes a parameter of its column's type, the same one wherever it stands. */
function statement(template: string): Statement {
  const names: Name[] = [];
  const text = template.replace(/:([a-zA-Z]+)/g, (_, found: Name) => {
    if (!names.includes(found)) names.push(found);
    return `$${names.indexOf(found) + 1}::${COLUMNS[found].type}`;
  });
  return { text, names };
}

/** The values of a statement's parameters. */
export function parametersOf({ names }: Statement, fields: Partial<Row>): readonly Parameter[] {
  return names.map(name => parameterOf(name, fields[name] ?? null));
}

const ALL = NAMES.map(name => COLUMNS[name].column).join(', ');
const KEY = NAMES.slice(0, 3);
const OF_KEY = 'chain_id = :chainId AND pkh = :pkh';
const OF_ROW = `${OF_KEY} AND kind = :kind`;
/** Compared by equality, each of them, in the row itself: what stands in another table may be older than the row. */
const OF_HOLDER = `mode = 'active' AND site = :site AND epoch = :epoch
   AND incarnation = :incarnation AND generation = :generation AND seq >= :seq`;
const IS_AT_MARK = '(level, round) = (:level, :round)';

/**
 * The rule of `advance` as one statement, whose success is the permission. Its `:seq` is the one that was seen. Only
 * plain columns are returned, or CockroachDB takes more than one write for it.
 */
export const ADVANCE = statement(
  `UPDATE watermark
   SET level = :level, round = :round, digest = :digest, seq = seq + 1,
   bytes = CASE WHEN ${IS_AT_MARK} THEN bytes ELSE :bytes END,
   sig = CASE WHEN ${IS_AT_MARK} THEN sig ELSE NULL END
   WHERE ${OF_ROW}
   AND ${OF_HOLDER}
   AND :level < max_level
   AND ((level, round) < (:level, :round)
    OR (${IS_AT_MARK} AND digest = :digest AND (kind <> 17 OR sig IS NOT NULL)))
   RETURNING ${ALL}`,
);

/** The rule of `seal` as one statement. */
export const SEAL = statement(
  `UPDATE watermark
   SET sig = :signature, seq = seq + 1
   WHERE ${OF_ROW}
   AND ${OF_HOLDER}
   AND ${IS_AT_MARK} AND digest = :digest
   AND (kind <> 17 OR sig IS NULL OR sig = :signature)
   RETURNING ${ALL}`,
);

/** Latches all rows of a key; on the right stands what a column was before. */
export const LATCH = statement(
  `UPDATE watermark
   SET latched_from = mode, mode = 'latched', seq = seq + 1
   WHERE ${OF_KEY} AND mode <> 'latched'
   RETURNING seq`,
);

export const ROW = statement(`SELECT ${ALL} FROM watermark WHERE ${OF_ROW}`);
export const ROWS_OF_KEY = statement(`SELECT ${ALL} FROM watermark WHERE ${OF_KEY} ORDER BY kind`);
export const ALL_ROWS = statement(`SELECT ${ALL} FROM watermark ORDER BY chain_id, pkh, kind`);

/** Writes a row where none is; no row of an answer says that there is one. */
export const INSERT = statement(
  `INSERT INTO watermark (${ALL}) VALUES (${NAMES.map(name => `:${name}`).join(', ')})
   ON CONFLICT DO NOTHING RETURNING seq`,
);

const CHANGED = NAMES.slice(KEY.length).map(name => `${COLUMNS[name].column} = :${name}`);

/** Writes a row over the one with the seq before. */
export const UPDATE = statement(
  `UPDATE watermark SET ${CHANGED.join(', ')} WHERE ${OF_ROW} AND seq = :seq - 1 RETURNING seq`,
);

const INTO_EPOCH_LOG = `INSERT INTO epoch_log
   (chain_id, pkh, kind, epoch, site, incarnation, max_level, previous_epoch, recorded_at)
   VALUES (:chainId, :pkh, :kind, :epoch, :site, :incarnation, :maxLevel, :handedEpoch, now())`;

/** Writes down who got an epoch; `:handedEpoch` is the epoch before. Fails where somebody got it already. */
export const LOG_EPOCH = statement(INTO_EPOCH_LOG);

/** Writes down under which epoch a new row begins, where nothing is written down for that. */
export const LOG_FIRST_EPOCH = statement(`${INTO_EPOCH_LOG} ON CONFLICT DO NOTHING`);
