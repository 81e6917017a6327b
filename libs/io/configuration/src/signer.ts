import { listenAddress, logLevel, z } from '@meridian/service/schema';
import { chainId, publicKey } from './types.ts';

/** The default port of Octez' remote signer. */
const SIGNER_PORT = 6732;
const OPERATIONS_PORT = 9732;

/** What a signer is told. */
export const SIGNER = z.strictObject({
  site: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'a short name of lower-case letters, digits and hyphens')
    .meta({
      description:
        'The site that this signer belongs to: one store with all its signers. Rows are used under this name alone.',
    }),
  chains: z
    .array(chainId)
    .min(1)
    .meta({ description: 'The chains that are signed for, and no others.' }),
  listen: listenAddress(SIGNER_PORT),
  operations: listenAddress(OPERATIONS_PORT),
  socket: z.string().min(1).optional().meta({
    description:
      "A unix socket for the protocol of octez-signer's `launch local signer`; none without it.",
  }),
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
        role: z.enum(['consensus', 'companion']).default('consensus'),
      }),
    )
    .min(1)
    .meta({
      description:
        'The keys: a name, the file of its secret (readable by its owner alone), a password file if it is encrypted, and the role companion for the companion key of a tz4 baker.',
    }),
  authorizedKeys: z.array(publicKey).default([]).meta({
    description:
      'Public keys of which one has to authenticate each request to sign; without any, none has to.',
  }),
  allow: z
    .strictObject({
      knownKeys: z
        .boolean()
        .default(false)
        .meta({ description: 'Whether the keys are listed to who asks.' }),
      provePossession: z
        .boolean()
        .default(false)
        .meta({ description: 'Whether tz4 keys prove that they are held to who asks.' }),
    })
    .prefault({}),
  logLevel,
});
