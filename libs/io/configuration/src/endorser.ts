import { httpUrl, listenAddress, logLevel, z } from '@meridian/service/schema';
import { chainId, edgeNodes, keyAddress } from './types.ts';

const OPERATIONS_PORT = 9733;

/** What an endorser is told. */
export const ENDORSER = z.strictObject({
  chainId: chainId.meta({
    description: 'The chain that is voted on; nodes of another one are not believed.',
  }),
  nodes: edgeNodes.meta({
    description: 'The edge nodes: a name and the address of the RPC of each.',
  }),
  quorum: z.int().min(1).optional().meta({
    description:
      'How many nodes have to agree on rights and constants. Without it, more than half of them.',
  }),
  signers: z
    .array(httpUrl)
    .min(1)
    .meta({ description: 'Addresses of the signers, which share one watermark.' }),
  keys: z
    .array(keyAddress)
    .min(1)
    .meta({ description: 'Addresses of the consensus keys to vote with.' }),
  sign: z
    .enum(['at_prequorum', 'early'])
    .default('at_prequorum')
    .meta({ description: 'When attestations are signed; early suits a slow vault.' }),
  operations: listenAddress(OPERATIONS_PORT),
  logLevel,
});
