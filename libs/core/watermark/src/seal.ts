import { err, ok, type Result } from '@meridian/prelude';
import { assertSameKey, authorityRefusal } from './advance.ts';
import type { Refusal } from './refusals.ts';
import type { SignRequest } from './request.ts';
import { comparePositions, type Row } from './row.ts';

/**
 * Stores the signature of what was permitted. A block's signature is released only after this; it is
 * thrown away when the row was fenced or has moved on meanwhile. Storing the same signature again
 * changes nothing but `seq`, so that a write with an unknown outcome can be repeated; a second,
 * different signature of one block is never stored.
 */
export function seal(
  row: Row | undefined,
  request: SignRequest,
  signature: string,
): Result<Row, Refusal> {
  if (row === undefined) return err({ code: 'missing_row' });
  // The digest does not name the key, and two tz4 keys sign the same bytes.
  assertSameKey(row, request);
  const authority = authorityRefusal(row, request);
  if (authority !== undefined) return err({ ...authority, row });
  const { level, round, digest } = row;
  const mark = { level, round, digest };
  const order = comparePositions(request, row);
  // A permission moved the mark up to the request and its digest. A mark below it, or one of something else at the
  // same place, is that of a store that forgot the permission.
  if (order > 0 || (order === 0 && digest !== request.digest)) {
    return err({ code: 'store_went_back', mark, row });
  }
  if (order < 0) return err({ code: 'below_mark', mark, row });
  const second = row.signature !== null && row.signature !== signature;
  if (second && row.kind === 'block') return err({ code: 'block_spent', mark, row });
  return ok({ ...row, signature, seq: row.seq + 1 });
}
