import { httpUrl, listenAddress, logLevel, z } from '@meridian/service/schema';
import { chainId, edgeNodes, keyAddress, knownProtocol, protocolHash } from './types.ts';

const OPERATIONS_PORT = 9733;
/** Room for recordings. */
const RECORD_MIB = 4_096;
const RECORD_MIB_MIN = 16;

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
  protocols: z
    .record(protocolHash, knownProtocol)
    .optional()
    .meta({
      description:
        'Protocols that this version does not know, by hash, each with the number of the known one that it equals. ' +
        'They are voted under on your word.',
    }),
  record: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        'A folder for recordings of all that the endorser hears, which `meridian replay-recording` replays. ' +
        'Each endorser needs one of its own. Without it, nothing is recorded.',
    }),
  recordMiB: z
    .int()
    .min(RECORD_MIB_MIN)
    .default(RECORD_MIB)
    .meta({ description: 'Mebibytes that all recordings may take; the oldest are removed.' }),
  operations: listenAddress(OPERATIONS_PORT),
  logLevel,
});
