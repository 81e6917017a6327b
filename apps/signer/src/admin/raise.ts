import { z } from '@meridian/service/schema';
import type { Row } from '@meridian/watermark';
import { changeOfRows, raise } from '@meridian/watermark/administration';
import { action, forEachKey } from './action.ts';
import {
  CHOICE,
  CHOSEN,
  FLOOR,
  isChosen,
  KINDS_ASKED,
  positionOf,
  subjectsOf,
} from './arguments.ts';
import { changeKey, granted, noteKnown, openStoreOf, type AdminJournal } from './desk.ts';
import { AdminError } from './errors.ts';
import { assertNear, FAR, highestFloor } from './far.ts';

/** Moves marks up. */
export const RAISE = action({
  name: 'raise',
  summary: 'move the marks of a key up to a floor; the mode stays as it is',
  details: [
    'Nothing at or below the floor is signed any more. A mark is never lowered, so a floor that lies more than a day',
    'above the horizon wants --far.',
  ],
  args: z
    .strictObject({ ...CHOSEN, ...KINDS_ASKED, floor: FLOOR, ...FAR })
    .refine(isChosen, CHOICE),
  isAudited: true,
  run: async (desk, args) => {
    const open = openStoreOf(desk);
    const floor = positionOf(args.floor);
    const subjects = subjectsOf(desk, args);
    for (const { chainId } of subjects.slice(0, 1)) {
      const line = open.journal.horizon(chainId);
      assertNear(floor, args, line && highestFloor(line, desk.now()));
    }
    return forEachKey(subjects, async subject => {
      const change = changeOfRows(subject, args.kinds, row => raise(row, floor, 'set'));
      const rows = await changeKey(open, subject, 'held_against_journal', before => {
        assertKnown(open.journal, before, args.kinds);
        return granted(change(before));
      });
      noteKnown(open.journal, rows);
      return rows;
    });
  },
});

/**
 * That this signer was told of the rows: a change would make it believe in what it read (rule 5).
 * @throws AdminError `unknown_row`
 */
export function assertKnown(
  journal: AdminJournal,
  rows: readonly Row[],
  kinds: readonly string[],
): void {
  const stranger = rows.find(row => kinds.includes(row.kind) && journal.known(row) === undefined);
  if (stranger !== undefined) throw new AdminError('unknown_row', stranger.kind);
}
