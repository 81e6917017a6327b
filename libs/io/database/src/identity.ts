import { randomUUID } from 'node:crypto';
import { assert } from '@meridian/prelude';
import type { Database, Query } from './database.ts';
import { DatabaseError } from './errors.ts';
import type { DatabaseOptions } from './options.ts';
import type { Session } from './session.ts';

/** One row, which says which cluster a database belongs to. The name of its server is known on PostgreSQL alone. */
export const CREATE_IDENTITY = `CREATE TABLE IF NOT EXISTS cluster_identity (
  only_row BOOLEAN NOT NULL PRIMARY KEY CHECK (only_row),
  cluster UUID NOT NULL,
  provisioned_at TIMESTAMPTZ NOT NULL,
  system_identifier TEXT
)`;

/** Holds each new connection against the ones before. */
export type Guard = {
  /** @throws DatabaseError `other_cluster`, `failed_over` */
  readonly admit: (session: Session) => void;
  /** False once a later timeline than that of the session was admitted. */
  readonly isCurrent: (session: Session) => boolean;
};

/** A guard that remembers what it admitted, beginning with what an earlier process knew. */
export function identityGuard(options: DatabaseOptions): Guard {
  const { cluster, met, replaces } = options;
  let { known } = options;
  return {
    admit: session => {
      const pinned = cluster?.toLowerCase() ?? known?.cluster ?? null;
      assertSameCluster(session, pinned);
      assertSameServer(session, known, replaces);
      // Another server counts its timelines from its own beginning.
      const isReplaced = replaces !== undefined && known?.system === replaces.from;
      if (known !== undefined && !isReplaced && session.timeline !== known.timeline) {
        assertTakenOver(known, session, options);
      }
      const now = { ...session, cluster: session.cluster ?? known?.cluster ?? null };
      if (!isSame(known, now)) met?.(now);
      known = now;
    },
    isCurrent: ({ timeline }) => known === undefined || timeline === known.timeline,
  };
}

function isSame(one: Session | undefined, other: Session): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function assertSameCluster({ cluster }: Session, pinned: string | null): void {
  if (pinned === null || cluster === pinned) return;
  throw new DatabaseError(
    'other_cluster',
    `its identity is ${cluster ?? 'nothing'}, not ${pinned}`,
  );
}

/** A dump that was restored into another server has the row of the first one. */
function assertSameServer(
  { system, recordedSystem }: Session,
  known: Session | undefined,
  replaces: DatabaseOptions['replaces'],
): void {
  const named = [recordedSystem, known?.system ?? null].filter(each => each !== null);
  // Both were told already: the word of before again, after a cut.
  const isDone = (to: string) => recordedSystem === to && known?.system === to;
  if (replaces !== undefined && !isDone(replaces.to)) {
    assertReplaced(system, named, replaces);
    return;
  }
  if (system === null || named.every(each => each === system)) return;
  const others = [...new Set(named.filter(each => each !== system))].join(', ');
  throw new DatabaseError('other_cluster', `its server is ${system}, not ${others}`);
}

function assertReplaced(
  system: string | null,
  named: readonly string[],
  { from, to }: NonNullable<DatabaseOptions['replaces']>,
): void {
  const wrong = system === to ? named.find(each => each !== from && each !== to) : system;
  if (wrong !== undefined)
    throw new DatabaseError(
      'other_cluster',
      system === to
        ? `its server was ${wrong}, not ${from}`
        : `its server is ${wrong ?? 'not told'}, not ${to}`,
    );
  if (!named.includes(from))
    throw new DatabaseError('other_cluster', `nothing takes its server for ${from}`);
}

function assertTakenOver(
  before: Session,
  now: Session,
  { failover = 'refused', timeline }: DatabaseOptions,
): void {
  const timelines = `timeline ${String(now.timeline)} after ${String(before.timeline)}`;
  // Eight hexadecimal digits are ordered like their numbers. An older one is a server that was replaced.
  const isLater =
    now.timeline !== null && before.timeline !== null && now.timeline > before.timeline;
  if (!isLater) throw new DatabaseError('other_cluster', timelines);
  if (failover === 'synchronous' && before.isSynchronous) return;
  if (timeline?.toUpperCase() === now.timeline.toUpperCase()) return;
  throw new DatabaseError('failed_over', timelines);
}

/** For calls of an operator, in milliseconds. */
const DEADLINE_MS = 10_000;

/**
 * Gives a migrated database its identity, once; whoever comes later gets the one that is there.
 * @returns the cluster's UUID, for the configuration of its signers
 * @throws DatabaseError
 */
export async function provisionIdentity(database: Database): Promise<string> {
  const { system } = await database.session({ deadlineMs: DEADLINE_MS });
  const [row] = await database.transaction(
    async query => {
      await query(
        `INSERT INTO cluster_identity (only_row, cluster, provisioned_at, system_identifier)
         VALUES (TRUE, $1::UUID, now(), $2::TEXT) ON CONFLICT DO NOTHING`,
        [randomUUID(), system],
      );
      return query('SELECT cluster::TEXT AS cluster FROM cluster_identity');
    },
    { deadlineMs: DEADLINE_MS },
  );
  assert(typeof row?.['cluster'] === 'string', 'an identity that was written is there');
  return row['cluster'];
}

/** Longer than for one statement: what is done along with it may be about many rows. */
const REPLACEMENT_MS = 60_000;

/**
 * Writes down that another server holds a database now, and does in the same transaction what has to come along with it.
 * Neither is done where that is written already.
 * @returns what was done along with it; undefined where nothing was
 * @throws DatabaseError `other_cluster` too where it says something else by then, or has no identity
 */
export async function replaceIdentity<Done>(
  database: Database,
  { to }: NonNullable<DatabaseOptions['replaces']>,
  along: (query: Query) => Promise<Done>,
): Promise<Done | undefined> {
  const { recordedSystem } = await database.session({ deadlineMs: DEADLINE_MS });
  if (recordedSystem === to) return undefined;
  return database.transaction(
    async query => {
      // A server that was never written down is null there, which equals nothing.
      const [changed, another] = await query(
        `UPDATE cluster_identity SET system_identifier = $2::TEXT
         WHERE system_identifier IS NOT DISTINCT FROM $1::TEXT RETURNING system_identifier`,
        [recordedSystem, to],
      );
      if (changed === undefined || another !== undefined)
        throw new DatabaseError('other_cluster', 'its identity is not the one that was looked at');
      return along(query);
    },
    { deadlineMs: REPLACEMENT_MS },
  );
}
