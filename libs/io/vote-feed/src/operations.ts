import { readAttestations, type IncludedVote, type PassFault } from '@meridian/attribution';
import { operationHashesPath, pathOf } from '@meridian/chain-view';
import { NodeError, type NodeWatch } from '@meridian/node-pool';
import type { BlockHash } from '@meridian/tezos';
import { decode, rawBlockHeader } from '@meridian/tezos/forge';
import type { LineState } from '@meridian/vote-line';

/** What is told of nodes that do not say which attestations a block contains. */
export type OperationsTroubles = {
  readonly disbelieved: (node: string, fault: PassFault) => void;
  readonly unanswered: (node: string, path: string) => void;
};

/**
 * Asks one node after another which attestations a block contains, until one proves it; the node that brought a block
 * last is asked first.
 * @returns undefined when no node could prove it, or the header of the block was not proven or is forgotten
 */
export async function readOperations(
  watch: Pick<NodeWatch, 'nodes' | 'read'>,
  { view: { headers, nodes } }: LineState,
  hash: BlockHash,
  troubles: OperationsTroubles,
): Promise<readonly IncludedVote[] | undefined> {
  const header = headers.get(hash);
  if (header === undefined) return undefined;
  // The shell of a header is the same in every protocol.
  const { operations_hash } = decode(rawBlockHeader, header.unsignedBytes);
  const paths = { pass: pathOf({ kind: 'operations', hash }), hashes: operationHashesPath(hash) };
  const ask = async (node: string): Promise<readonly IncludedVote[] | undefined> => {
    try {
      const [pass, hashes] = await Promise.all([
        watch.read(node, paths.pass),
        watch.read(node, paths.hashes),
      ]);
      const read = readAttestations(operations_hash, { pass, hashes });
      if (read.ok) return read.value;
      troubles.disbelieved(node, read.error);
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      troubles.unanswered(node, paths.pass);
    }
    return undefined;
  };
  const seenAt = (name: string): number => nodes.get(name)?.lastBlockAt ?? 0;
  const names = watch.nodes().map(({ name }) => name);
  for (const name of names.sort((one, other) => seenAt(other) - seenAt(one))) {
    const found = await ask(name);
    if (found !== undefined) return found;
  }
  return undefined;
}
