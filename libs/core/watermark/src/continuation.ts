import { assertSameKey, storeRefusal } from './advance.ts';
import type { Refusal } from './refusals.ts';
import { comparePositions, type Row } from './row.ts';

/**
 * Why a stored row cannot have come from what a signer knows of it by its own journal; undefined where it can. A row
 * that stands still is compared whole, so an edited one is noticed; one that moved on never fell, and at the place
 * that is known it never speaks of another payload.
 */
export function continuationRefusal(known: Row, stored: Row | undefined): Refusal | undefined {
  if (stored === undefined) return { code: 'missing_row' };
  assertSameKey(stored, known);
  const refusal = storeRefusal(stored, { ...known, seenSeq: known.seq });
  if (refusal !== undefined) return refusal;
  if (stored.seq === known.seq) return isSame(known, stored) ? undefined : { code: 'edited_row' };
  if (!isLawful(known, stored)) return { code: 'edited_row' };
  const order = comparePositions(stored, known);
  if (order < 0) return { code: 'store_went_back' };
  // A floor at the mark forgets the payload there; nothing puts another one in its place.
  const isOther = order === 0 && stored.digest !== null && stored.digest !== known.digest;
  return isOther ? { code: 'edited_row' } : undefined;
}

/**
 * Whether a row may have moved on like this. It has another holder, or is active where it was not, under a later epoch
 * alone; under the same one its lease only grows.
 */
function isLawful(known: Row, stored: Row): boolean {
  if (stored.burntEpoch < known.burntEpoch || stored.epoch < known.epoch) return false;
  if (stored.epoch > known.epoch) return true;
  const isAwake = stored.mode === 'active' && known.mode !== 'active';
  return stored.site === known.site && !isAwake && stored.maxLevel >= known.maxLevel;
}

function isSame(one: Row, other: Row): boolean {
  return (Object.keys(one) as readonly (keyof Row)[]).every(name => one[name] === other[name]);
}
