import type { Keystore } from '@meridian/keystore';
import type { Check } from '@meridian/service';
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
    rows: rowsCheck(parts.doubts, guard),
  };
}

function rowsCheck(doubts: Doubts, guard: WatchedGuard | undefined): Check {
  const latched = guard?.seen().filter(({ mode }) => mode === 'latched').length ?? 0;
  if (doubts.count() > 0)
    return `${doubts.count().toString()} keys are stopped: their rows changed`;
  if (latched > 0) return `${latched.toString()} rows are latched`;
  return guard === undefined || guard.journal.rows().length > 0 || 'no row was set up';
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
