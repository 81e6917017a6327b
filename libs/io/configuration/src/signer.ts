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
  store: z.string().min(1).meta({
    description:
      'The folder of the watermark, on a disk of this machine; one process holds it, and it is never copied back.',
  }),
  journal: z.string().min(1).meta({
    description:
      'The file of what the signers of this machine know of the store; it lies on another volume, so that no backup takes both back.',
  }),
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
