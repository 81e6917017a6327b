/**
 * The tables of a store in SQL, as CockroachDB and PostgreSQL take them: one row for each chain, key and kind (17, 18 and
 * 19 for block, preattestation and attestation), in one column family without a second index or a foreign key, so that
 * a change of a row is one write. What is no row cannot be written, whoever writes it.
 */
const CREATE_WATERMARK = `CREATE TABLE IF NOT EXISTS watermark (
  chain_id BYTEA NOT NULL CHECK (length(chain_id) = 4),
  pkh TEXT NOT NULL,
  kind INT2 NOT NULL CHECK (kind IN (17, 18, 19)),
  level INT8 NOT NULL CHECK (level BETWEEN 0 AND 2147483647),
  round INT8 NOT NULL CHECK (round BETWEEN 0 AND 2147483647),
  digest BYTEA CHECK (length(digest) = 32),
  bytes BYTEA CHECK (length(bytes) <= 512),
  sig TEXT CHECK (length(sig) <= 256),
  mode TEXT NOT NULL CHECK (mode IN ('standby', 'active', 'frozen', 'latched')),
  latched_from TEXT CHECK (latched_from IN ('standby', 'active', 'frozen')),
  history TEXT NOT NULL CHECK (history IN ('new', 'known', 'doubtful')),
  site TEXT NOT NULL CHECK (site <> ''),
  epoch INT8 NOT NULL CHECK (epoch >= 0),
  incarnation TEXT NOT NULL CHECK (incarnation <> ''),
  generation INT8 NOT NULL CHECK (generation >= 0),
  max_level INT8 NOT NULL,
  handed_epoch INT8,
  burnt_epoch INT8 NOT NULL CHECK (burnt_epoch >= 0),
  seq INT8 NOT NULL CHECK (seq >= 0),
  PRIMARY KEY (chain_id, pkh, kind),
  CHECK ((mode = 'latched') = (latched_from IS NOT NULL)),
  CHECK (digest IS NOT NULL OR (bytes IS NULL AND sig IS NULL)),
  CHECK (kind <> 17 OR bytes IS NULL)
)`;

/** Who held a row, epoch by epoch: a second holder of one epoch fails on the key. */
const CREATE_EPOCH_LOG = `CREATE TABLE IF NOT EXISTS epoch_log (
  chain_id BYTEA NOT NULL CHECK (length(chain_id) = 4),
  pkh TEXT NOT NULL,
  kind INT2 NOT NULL CHECK (kind IN (17, 18, 19)),
  epoch INT8 NOT NULL CHECK (epoch >= 0),
  site TEXT NOT NULL,
  incarnation TEXT NOT NULL,
  max_level INT8 NOT NULL,
  previous_epoch INT8,
  recorded_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (chain_id, pkh, kind, epoch)
)`;

/** What `migrate` of `@meridian/database` is given before a store is opened; a later version only adds to its end. */
export const SQL_MIGRATIONS: readonly string[] = [CREATE_WATERMARK, CREATE_EPOCH_LOG];
