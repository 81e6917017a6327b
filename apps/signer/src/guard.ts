import { waitForSqliteStore } from '@meridian/watermark-store';
import type { Finding, Journal, WatermarkStore } from '@meridian/watermark-store';
import type { Configuration } from './compose.ts';

/** What guards the keys, for its whole life: the rows, and what this signer knows of them outside their store. */
export type OpenGuard = {
  readonly store: WatermarkStore;
  readonly journal: Journal;
  /** Rows that were not what the journal knows when both were opened. */
  readonly findings: readonly Finding[];
  readonly close: () => Promise<void>;
};

/**
 * Opens what guards the keys, as soon as no other process holds it.
 * @throws StoreError
 */
export async function openGuard(
  { store: folder, journal: file }: Configuration,
  signal: AbortSignal,
): Promise<OpenGuard> {
  const store = await waitForSqliteStore(folder, file, signal);
  const { journal, findings, close } = store;
  return { store, journal, findings, close };
}
