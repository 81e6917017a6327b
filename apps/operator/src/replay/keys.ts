import type { PublicKey, PublicKeyHash } from '@meridian/tezos';
import { publicKey, publicKeyHash, publicKeyHashOf } from '@meridian/tezos/crypto';
import { complaint, elements, field, objectOf, optionalField } from '../json.ts';
import type { Located } from '../json.ts';
import { encoded } from './node-block.ts';

/** Public keys by address. */
export type Keys = ReadonlyMap<PublicKeyHash, PublicKey>;

/**
 * Reads a file of keys: a list of `{pkh, public_key}`, or an object from address to key or to
 * `{public_key}`, which may also stand under `keys`.
 * @throws OperatorError `bad_input` that names the field; a key that is not the one of its address is refused
 */
export function readKeys(source: string, value: unknown): Keys {
  const whole: Located = { value, source, path: [] };
  if (Array.isArray(value)) {
    const rows = elements(whole).map(row => [field(row, 'pkh'), field(row, 'public_key')] as const);
    return new Map(rows.map(([address, key]) => entry(address, key)));
  }
  const table = optionalField(whole, 'keys') ?? whole;
  const addresses = Object.keys(objectOf(table));
  return new Map(
    addresses.map(address => {
      const key = field(table, address);
      const inner = typeof key.value === 'string' ? key : field(key, 'public_key');
      return entry({ ...key, value: address }, inner);
    }),
  );
}

function entry(address: Located, key: Located): [PublicKeyHash, PublicKey] {
  const pkh = encoded(address, () => publicKeyHash(address.value));
  const found = encoded(key, () => publicKey(key.value));
  if (publicKeyHashOf(found) !== pkh) throw complaint(key, `is not the key of ${pkh}`);
  return [pkh, found];
}
