import { httpUrl, z } from '@meridian/service/schema';
import { identifyBase58, PROTOCOLS, TezosError, type Base58Kind } from '@meridian/tezos';

/** The id of a chain, checksum included: a slip of the pen is no other chain. */
export const chainId = z
  .string()
  .refine(text => isBase58(['chainId'], text), 'a chain id such as NetXdQprcVkpaWU is expected');

/** The address of a key that can vote, checksum included. */
export const keyAddress = z
  .string()
  .refine(
    text => isBase58(['tz1', 'tz2', 'tz3', 'tz4'], text),
    'an address such as tz1… is expected, complete and without a slip',
  );

/** The hash of a protocol, checksum included. */
export const protocolHash = z
  .string()
  .refine(
    text => isBase58(['protocolHash'], text),
    'the hash of a protocol is expected, complete and without a slip',
  );

/** The number of a protocol that can be voted under. */
export const knownProtocol = z.enum(
  PROTOCOLS.filter(({ support }) => support === 'full').map(({ number }) => number),
);

/** A public key, checksum included. */
export const publicKey = z
  .string()
  .refine(
    text => isBase58(['edpk', 'sppk', 'p2pk', 'BLpk'], text),
    'a public key such as edpk… is expected, complete and without a slip',
  );

/** Edge nodes, each under a name of its own. */
export const edgeNodes = z
  .array(z.strictObject({ name: z.string().min(1), url: httpUrl }))
  .min(1)
  .refine(
    nodes => new Set(nodes.map(({ name }) => name)).size === nodes.length,
    'each node needs a name of its own',
  );

function isBase58(kinds: readonly Base58Kind[], text: string): boolean {
  try {
    identifyBase58(kinds, text);
    return true;
  } catch (error) {
    if (error instanceof TezosError) return false;
    throw error;
  }
}
