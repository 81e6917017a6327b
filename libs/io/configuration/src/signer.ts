import { listenAddress, logLevel, z } from '@meridian/service/schema';
import { chainId } from './types.ts';

/** The default port of Octez' remote signer. */
const SIGNER_PORT = 6732;
const OPERATIONS_PORT = 9732;

/** What a signer is told. */
export const SIGNER = z.strictObject({
  chainId: chainId.meta({ description: 'The only chain that is signed for.' }),
  listen: listenAddress(SIGNER_PORT),
  operations: listenAddress(OPERATIONS_PORT),
  store: z
    .string()
    .min(1)
    .meta({ description: 'The SQLite file of the watermark; one process holds it.' }),
  keys: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        secretFile: z.string().min(1),
        passwordFile: z.string().min(1).optional(),
      }),
    )
    .min(1)
    .meta({
      description:
        'The keys: a name, the file of its secret (readable by its owner alone), and a password file if it is encrypted.',
    }),
  logLevel,
});
