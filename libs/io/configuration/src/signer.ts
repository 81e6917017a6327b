import { listenAddress, logLevel, z } from '@meridian/service/schema';
import { chainId, publicKey } from './types.ts';

/** The default port of Octez' remote signer. */
const SIGNER_PORT = 6732;
const OPERATIONS_PORT = 9732;

/** The database that the signers of a site share, in place of a folder. */
const database = z
  .strictObject({
    urlFile: z.string().min(1).meta({
      description:
        'A file with postgresql://USER:PASSWORD@HOST:PORT/DATABASE of CockroachDB or PostgreSQL, readable by its owner alone.',
    }),
    cluster: z.uuid().optional().meta({
      description:
        'The identity of the cluster, as `meridian-signer database migrate` prints it; no other one is used.',
    }),
    isolation: z.enum(['serializable', 'read committed']).default('serializable').meta({
      description: 'Asserted on each connection; CockroachDB takes serializable only.',
    }),
    failover: z.enum(['refused', 'synchronous']).default('refused').meta({
      description:
        'Whether a new primary of PostgreSQL is taken: synchronous says that it was a synchronous standby.',
    }),
    timeline: z
      .string()
      .regex(/^[0-9A-Fa-f]{8}$/, 'eight hexadecimal digits')
      .optional()
      .meta({
        description:
          'The timeline of PostgreSQL that is taken after a failover that was refused, once an operator has looked.',
      }),
    ca: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'PEM file of the authority of the cluster.' }),
    cert: z.string().min(1).optional().meta({ description: 'PEM file of our certificate.' }),
    key: z.string().min(1).optional().meta({ description: 'PEM file of its key.' }),
  })
  .optional();

/** What a signer is told. */
export const SIGNER = z
  .strictObject({
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
    admin: z.string().min(1).optional().meta({
      description:
        'A unix socket for `meridian-signer watermark`, open to its owner alone; without it the watermark cannot be administered.',
    }),
    audit: z.string().min(1).optional().meta({
      description:
        'A file of what this signer did, line by line, each with the hash of the one before.',
    }),
    identity: z.string().min(1).optional().meta({
      description:
        'The file of the tz1 secret key of the site, which signs exports of the watermark.',
    }),
    trusted: z
      .array(z.strictObject({ site: z.string().min(1), publicKey }))
      .default([])
      .meta({ description: 'Other sites whose exports are taken, with the public key of each.' }),
    operators: z
      .array(z.strictObject({ name: z.string().min(1), publicKey }))
      .default([])
      .meta({
        description:
          'Who may break the glass, with a public key each: it takes two of them to activate a row.',
      }),
    store: z.string().min(1).optional().meta({
      description:
        'The folder of the watermark, on a disk of this machine; one process holds it, and it is never copied back. This or database.',
    }),
    database,
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
      .refine(
        keys => new Set(keys.map(({ name }) => name)).size === keys.length,
        'each key needs a name of its own',
      )
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
  })
  .refine(({ store, database: shared }) => (store === undefined) !== (shared === undefined), {
    message: 'one of store and database is expected, and not both',
    path: ['store'],
  });
