import type { Instant } from '@meridian/prelude';
import type { OperationHash } from '@meridian/tezos';
import type { ChainBlock, ChainEvent, ChainOperation, SandboxChain } from '../contract.ts';
import { eraAt } from '../eras.ts';
import { memo } from '../memo.ts';
import { createMonitors, streamTexts } from './monitors.ts';
import type { NodeRequest, Reply } from './reply.ts';
import { answerOf } from './routes.ts';
import { shapeOf } from './shapes.ts';
import type { NodeView } from './view.ts';

/** How a node is set up. */
export type NodeOptions = {
  readonly name: string;
  /** What time it is when an operation comes in. */
  readonly now: () => Instant;
  /** The last block of each so many levels of a cycle commits to a nonce; null (default): none does. */
  readonly blocksPerCommitment?: number | null;
  /** How many levels an operation may come after its branch; 8 as in Octez sandboxes. */
  readonly operationsTtl?: number;
};

/** The RPC of one node, without HTTP. */
export type SandboxNode = {
  readonly name: string;
  readonly handle: (request: NodeRequest) => Reply;
  /** What the chain's `advanceTo` gave, in that order. */
  readonly deliver: (events: readonly ChainEvent[]) => void;
  /** Cuts the node off from all others, or joins it again; it then learns the present head at once. */
  readonly follow: (follows: boolean) => void;
};

/** Operations that a mempool holds. Source: the recorded `mempool/filter`. */
const MEMPOOL_OPERATIONS_MAX = 10_000;

const OPERATIONS_TTL_DEFAULT = 8;

/** Items are printed once for all nodes of a chain. */
const textsOf = memo((chain: SandboxChain) => streamTexts({ chain }));

/** A node that follows a chain. */
export function createNode(chain: SandboxChain, options: NodeOptions): SandboxNode {
  let head: ChainBlock = chain.head();
  let mempool = mempoolOf(chain);
  let follows = true;
  const view: NodeView = {
    chain,
    // Its mempool speaks the protocol of the next block.
    get era() {
      return eraAt(chain.options, head.level + 1);
    },
    get shape() {
      return shapeOf(this.era.protocol);
    },
    blocksPerCommitment: options.blocksPerCommitment ?? null,
    operationsTtl: options.operationsTtl ?? OPERATIONS_TTL_DEFAULT,
    now: options.now,
    head: () => head,
    mempool: () => [...mempool.values()],
    follows: () => follows,
  };
  const monitors = createMonitors(view, textsOf(chain));
  const learn = (event: ChainEvent): void => {
    if (event.kind === 'head') {
      head = event.block;
      mempool = mempoolOf(chain);
    }
    if (event.kind === 'operation' && mempool.size < MEMPOOL_OPERATIONS_MAX) {
      mempool.set(event.operation.hash, event.operation);
    }
    monitors.tell(event);
  };
  return {
    name: options.name,
    handle: request => answerOf(view, monitors, request),
    deliver: events => {
      if (follows) events.forEach(learn);
    },
    follow: on => {
      const joins = on && !follows;
      follows = on;
      const block = chain.head();
      if (joins && block.hash !== head.hash) learn({ kind: 'head', at: options.now(), block });
    },
  };
}

function mempoolOf(chain: SandboxChain): Map<OperationHash, ChainOperation> {
  return new Map(chain.mempool().map(operation => [operation.hash, operation]));
}
