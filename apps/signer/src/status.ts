import type { Keystore } from '@meridian/keystore';
import type { Check } from '@meridian/service';
import type { ChainId } from '@meridian/tezos';
import { rowName, type Refusal, type Row, type RowKey } from '@meridian/watermark';
import type { Configuration } from './compose.ts';
import type { Doubts } from './doubts.ts';
import type { WatchedGuard } from './watch.ts';

/** What a signer says of itself is seen from here. */
export type StatusParts = {
  readonly keystore: Keystore;
  /** That it signs for: rows of others are none of its business. */
  readonly chains: readonly ChainId[];
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

function rowsCheck(
  { doubts, keystore, chains }: StatusParts,
  guard: WatchedGuard | undefined,
): Check {
  const ours = <Of extends RowKey>(rows: readonly Of[] = []): readonly Of[] =>
    rows.filter(({ chainId }) => chains.includes(chainId));
  const latched = ours(guard?.seen()).filter(({ mode }) => mode === 'latched').length;
  if (doubts.count() > 0)
    return `${doubts.count().toString()} keys are stopped: their rows changed`;
  if (latched > 0) return `${latched.toString()} rows are latched`;
  if (guard === undefined) return true;
  const known = ours(guard.journal.rows());
  if (known.length === 0) return 'no row was set up';
  const [ofKeys, differing] = [Map.groupBy(known, ({ pkh }) => pkh), differencesOf(guard)];
  const reasons = keystore.keys().map(({ pkh }) => reasonsOf(ofKeys.get(pkh) ?? [], differing));
  // A key that stands by was not taken from this signer: it is ready for it.
  return (
    reasons.some(of => of.length === 0) ||
    `none of its keys can sign: ${[...new Set(reasons.flat())].sort().join(', ')}`
  );
}

/** Why rows are not as this signer knows them, by their names. */
type Differences = ReadonlyMap<string, Refusal['code']>;

function differencesOf({ differing }: WatchedGuard): Differences {
  return new Map(differing().map(({ known, code }) => [rowName(known), code]));
}

/** Why no row of a key is what this signer may use; none while one is, in whatever mode. */
function reasonsOf(known: readonly Row[], differing: Differences): readonly string[] {
  if (known.length === 0) return ['unknown_row'];
  const codes = known.map(row => differing.get(rowName(row)));
  return codes.includes(undefined) ? [] : codes.filter(code => code !== undefined);
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
