import { PASS_FAULTS, readAttestations, type IncludedVote } from '@meridian/attribution';
import { pathOf } from '@meridian/chain-view';
import { NodeError, type NodeWatch } from '@meridian/node-pool';
import type { BlockHash } from '@meridian/tezos';
import { decode, rawBlockHeader } from '@meridian/tezos/forge';
import type { LineState } from '@meridian/vote-line';
import type { TroubleTeller } from './troubles.ts';

/**
 * Asks all nodes which attestations a block contains; each answer that proves itself is told. Nothing is asked about a
 * block whose header was not proven or is forgotten.
 */
export async function readOperations(
  watch: Pick<NodeWatch, 'nodes' | 'read'>,
  { view: { headers } }: LineState,
  hash: BlockHash,
  troubles: TroubleTeller,
  hear: (attestations: readonly IncludedVote[]) => void,
): Promise<void> {
  const header = headers.get(hash);
  if (header === undefined) return;
  // The shell of a header is the same in every protocol.
  const { operations_hash } = decode(rawBlockHeader, header.unsignedBytes);
  const paths = {
    pass: pathOf({ kind: 'operations', hash }),
    hashes: `/chains/main/blocks/${hash}/operation_hashes`,
  };
  const ask = async (node: string): Promise<void> => {
    try {
      const [pass, hashes] = await Promise.all([
        watch.read(node, paths.pass),
        watch.read(node, paths.hashes),
      ]);
      const read = readAttestations(operations_hash, { pass, hashes });
      if (read.ok) hear(read.value);
      else troubles.disbelieved(node, read.error, PASS_FAULTS[read.error]);
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      troubles.unanswered(node, 'operations', paths.pass);
    }
  };
  await Promise.all(watch.nodes().map(({ name }) => ask(name)));
}
