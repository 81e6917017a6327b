import { httpUrl, listenAddress, logLevel, z } from '@meridian/service';

const OPERATIONS_PORT = 9733;

/** What an endorser is told. */
export const CONFIGURATION = z.strictObject({
  chainId: z
    .string()
    .regex(/^Net[1-9A-HJ-NP-Za-km-z]{12}$/, 'a chain id such as NetXdQprcVkpaWU is expected')
    .meta({ description: 'The chain that is voted on; nodes of another one are not believed.' }),
  nodes: z
    .array(z.strictObject({ name: z.string().min(1), url: httpUrl }))
    .min(1)
    .refine(
      nodes => new Set(nodes.map(({ name }) => name)).size === nodes.length,
      'each node needs a name of its own',
    )
    .meta({ description: 'The edge nodes: a name and the address of the RPC of each.' }),
  quorum: z.int().min(1).optional().meta({
    description:
      'How many nodes have to agree on rights and constants. Without it, more than half of them.',
  }),
  signers: z
    .array(httpUrl)
    .min(1)
    .meta({ description: 'Addresses of the signers, which share one watermark.' }),
  keys: z
    .array(
      z.string().regex(/^tz[1-4][1-9A-HJ-NP-Za-km-z]{33}$/, 'an address such as tz1… is expected'),
    )
    .min(1)
    .meta({ description: 'Addresses of the consensus keys to vote with.' }),
  sign: z
    .enum(['at_prequorum', 'early'])
    .default('at_prequorum')
    .meta({ description: 'When attestations are signed; early suits a slow vault.' }),
  operations: listenAddress(OPERATIONS_PORT),
  logLevel,
});
