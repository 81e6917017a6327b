import { randomUUID } from 'node:crypto';
import { level, round } from '@meridian/tezos';
import { KINDS, NO_MAX_LEVEL, type Row } from '@meridian/watermark';
import { changeOf, changeOfRows, provision, takeOver } from '@meridian/watermark/administration';
import type { WatermarkStore } from '@meridian/watermark-store';
import type { House } from './house.ts';

/** Sets up the rows of all keys on all chains, active here and with the floor of the case; what they are then. */
export async function provisionRows(
  store: Pick<WatermarkStore, 'administer'>,
  { chains, pkhs, floor, site }: House,
): Promise<readonly Row[]> {
  if (floor === null) return [];
  const incarnation = randomUUID();
  const holder = { site, epoch: 0, incarnation, generation: 0 };
  const position = { level: level(floor.level), round: round(floor.round) };
  const authority = {
    ...holder,
    epoch: 1,
    by: 'first_use',
    maxLevel: NO_MAX_LEVEL,
    floor: position,
  } as const;
  const keys = chains.flatMap(chainId => pkhs.map(pkh => ({ chainId, pkh })));
  const all = keys.map(async key => {
    const made = changeOf(key, KINDS, (row, of) => provision(row, of, holder, position, 'new'));
    const taken = changeOfRows(key, KINDS, row => takeOver(row, authority));
    let rows: readonly Row[] = [];
    for (const change of [made, taken]) {
      const changed = await store.administer(key, change);
      if (!changed.ok) throw new Error(`the watermark could not be set up: ${changed.error}`);
      rows = changed.value;
    }
    return rows;
  });
  return (await Promise.all(all)).flat();
}
