import { slot, type PublicKeyHash, type Slot } from '@meridian/tezos';
import { publicKeyHash } from '@meridian/tezos/crypto';
import { elements, field, optionalField, type Located } from '../json.ts';
import { encoded } from './node-block.ts';

/** What a delegate may vote with at one level. */
export type Seat = {
  readonly slot: Slot;
  readonly consensusKey: PublicKeyHash;
  readonly companionKey: PublicKeyHash | undefined;
};

/** The seats of a level's committee by delegate. */
export type Rights = ReadonlyMap<PublicKeyHash, Seat>;

/**
 * Reads the answer of `helpers/validators`, in the form of 024 and later (one object a level) or the
 * one before (one object a delegate).
 * @throws OperatorError `bad_input` that names the field
 */
export function readRights(source: string, value: unknown): Rights {
  const rows = elements({ value, source, path: [] });
  const delegates = rows.flatMap(row => {
    const nested = optionalField(row, 'delegates');
    return nested ? elements(nested) : [row];
  });
  return new Map(delegates.map(seatOf));
}

function seatOf(row: Located): [PublicKeyHash, Seat] {
  const companion = optionalField(row, 'companion_key');
  const slotAt = optionalField(row, 'attestation_slot') ?? firstOf(field(row, 'slots'));
  return [
    addressAt(field(row, 'delegate')),
    {
      slot: encoded(slotAt, () => slot(slotAt.value)),
      consensusKey: addressAt(field(row, 'consensus_key')),
      companionKey: companion && addressAt(companion),
    },
  ];
}

/** Until 023 the smallest slot is the one to vote with. */
function firstOf(slots: Located): Located {
  const all = elements(slots);
  return all.reduce((least, each) => (Number(each.value) < Number(least.value) ? each : least), {
    ...slots,
    value: all[0]?.value,
  });
}

function addressAt(at: Located): PublicKeyHash {
  return encoded(at, () => publicKeyHash(at.value));
}
