import { listenAddress, logLevel, z } from '@meridian/service';

/** The default port of Octez' remote signer. */
const SIGNER_PORT = 6732;
const OPERATIONS_PORT = 9732;

/** What a signer is told. */
export const CONFIGURATION = z.strictObject({
  chainId: z
    .string()
    .regex(/^Net[1-9A-HJ-NP-Za-km-z]{12}$/, 'a chain id such as NetXdQprcVkpaWU is expected')
    .meta({ description: 'The only chain that is signed for.' }),
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
