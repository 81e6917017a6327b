import type { Keystore } from '@meridian/keystore';
import type { Check } from '@meridian/service';
import type { PublicKeyHash } from '@meridian/tezos';
import type { RowKey } from '@meridian/watermark';
import type { Configuration } from './compose.ts';
import type { Doubts } from './doubts.ts';
import type { WatchedGuard } from './watch.ts';

/** What a signer says of itself is seen from here. */
export type StatusParts = {
  readonly keystore: Keystore;
  readonly doubts: Doubts;
  /** Undefined while another process holds it. */
  readonly guard: () => WatchedGuard | undefined;
  /** Whether the last thing that the vault was asked for came. */
  readonly vault: () => Check;
  readonly ending: AbortSignal;
};

/** Whether a signer is of use. Standing by or having handed over is no illness; rows that stop are. */
export function checksOf(parts: StatusParts): Readonly<Record<string, Check | Promise<Check>>> {
  const guard = parts.guard();
  return {
    running: parts.ending.aborted ? 'it is stopping' : true,
    store: guard === undefined ? 'it is not open' : probed(probeOf(guard)),
    vault: parts.vault(),
    rows: rowsCheck(parts, guard),
  };
}

function rowsCheck({ doubts, keystore }: StatusParts, guard: WatchedGuard | undefined): Check {
  const latched = guard?.seen().filter(({ mode }) => mode === 'latched').length ?? 0;
  if (doubts.count() > 0)
    return `${doubts.count().toString()} keys are stopped: their rows changed`;
  if (latched > 0) return `${latched.toString()} rows are latched`;
  if (guard === undefined) return true;
  if (guard.journal.rows().length === 0) return 'no row was set up';
  const reasons = keystore.keys().map(({ pkh }) => reasonsOf(guard, pkh));
  // A key that stands by was not taken from this signer: it is ready for it.
  return (
    reasons.some(of => of.length === 0) ||
    `none of its keys can sign: ${[...new Set(reasons.flat())].sort().join(', ')}`
  );
}

/** Why no row of a key is what this signer may use; none while one is, in whatever mode. */
function reasonsOf({ journal, differing }: WatchedGuard, pkh: PublicKeyHash): readonly string[] {
  const known = journal.rows().filter(row => row.pkh === pkh);
  if (known.length === 0) return ['unknown_row'];
  const codes = known.map(row => differing().find(each => isSame(each.known, row))?.code);
  return codes.includes(undefined) ? [] : codes.filter(code => code !== undefined);
}

function isSame(one: RowKey, other: RowKey): boolean {
  return one.chainId === other.chainId && one.pkh === other.pkh && one.kind === other.kind;
}

/** Both are needed to sign: the store, and what bears witness to it. */
async function probeOf({ store, journal }: WatchedGuard): Promise<void> {
  journal.probe();
  await store.probe();
}

function probed(probe: Promise<unknown>): Promise<Check> {
  return probe.then(
    () => true,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

/** What a signer holds, for people and programs. */
export function statusOf({ site, chains }: Configuration, parts: StatusParts): object {
  const guard = parts.guard();
  return {
    ...{ site, chains, holdsStore: guard !== undefined, keysStopped: parts.doubts.count() },
    keys: parts.keystore.keys().map(({ pkh }) => pkh),
    rows: guard?.seen().map(({ chainId, pkh, kind, mode, epoch, level, round, maxLevel }) => ({
      ...{ chainId, pkh, kind, mode, epoch, level, round, maxLevel },
    })),
  };
}
