import type { Instant } from '@meridian/prelude';
import type { BlockHash, Level, PublicKeyHash } from '@meridian/tezos';
import type { Findings } from './check.ts';

/** The streams of a node that a view listens to. */
export type ViewStream = 'validated_blocks' | 'heads' | 'operations';

/** How a stream is; `failing` waits for its time to be asked for again, `refused` the node's ACL does not give us. */
export type StreamState = 'opening' | 'open' | 'failing' | 'refused';

/** Why a stream is given up as half-open; the key is the code in logs and metrics. */
export const RESTARTS = {
  others_ahead: 'other nodes have brought more on the same stream',
  node_ahead: 'the node knows of a head that the stream did not bring',
  unanswered: 'the stream is silent, and the node does not say what its head is',
} as const;

/** One of the codes of {@link RESTARTS}. */
export type RestartReason = keyof typeof RESTARTS;

/** What is read from nodes, besides their streams. */
export type Topic =
  | { readonly kind: 'chain' }
  /** Under which protocol a block was made, and the next one will be. */
  | { readonly kind: 'protocols'; readonly hash: BlockHash }
  /** The constants that hold after a block. */
  | { readonly kind: 'constants'; readonly hash: BlockHash }
  /** The rights of a level, as they are known at a block; at the head without one. */
  | { readonly kind: 'rights'; readonly level: Level; readonly hash?: BlockHash }
  | { readonly kind: 'header'; readonly hash: BlockHash }
  | { readonly kind: 'operations'; readonly hash: BlockHash }
  | {
      readonly kind: 'key';
      readonly delegate: PublicKeyHash;
      readonly consensusKey: PublicKeyHash;
    };

/** Where a node answers to a topic. */
export function pathOf(topic: Topic): string {
  switch (topic.kind) {
    case 'chain':
      return `${blockPath()}/header`;
    case 'protocols':
      return `${blockPath(topic.hash)}/protocols`;
    case 'constants':
      return `${blockPath(topic.hash)}/context/constants`;
    case 'rights':
      return `${blockPath(topic.hash)}/helpers/validators?level=${topic.level.toString()}`;
    case 'header':
      return `${blockPath(topic.hash)}/header`;
    case 'operations':
      return `${blockPath(topic.hash)}/operations/0?metadata=never`;
    case 'key':
      return `${blockPath()}/context/delegates/${topic.delegate}/consensus_key`;
  }
}

const blockPath = (hash = 'head'): string => `/chains/main/blocks/${hash}`;
/** Where a node names the operations of all passes of a block. */
export function operationHashesPath(hash: BlockHash): string {
  return `${blockPath(hash)}/operation_hashes`;
}

/** Where a node counts what a delegate missed in the cycle of a block. */
export function participationPath(hash: BlockHash, delegate: PublicKeyHash): string {
  return `${blockPath(hash)}/context/delegates/${delegate}/participation`;
}

/** What a node says; nothing in it is believed. */
export type NodeWord =
  /** An item of `monitor/validated_blocks` or `monitor/heads`. */
  | {
      readonly kind: 'block';
      readonly stream: 'validated_blocks' | 'heads';
      readonly item: unknown;
    }
  /** An item of `mempool/monitor_operations`. */
  | { readonly kind: 'operations'; readonly items: readonly unknown[] }
  /** The answer to a `read`. */
  | { readonly kind: 'answer'; readonly topic: Topic; readonly value: unknown }
  | { readonly kind: 'unanswered'; readonly topic: Topic }
  | { readonly kind: 'stream'; readonly stream: ViewStream; readonly state: StreamState };

/** What a view is told. `tick` comes some times a second, `verified` after each `verify`. */
export type ViewEvent = { readonly at: Instant } & (
  | ({ readonly node: string } & NodeWord)
  | { readonly kind: 'verified'; readonly batch: number; readonly findings: Findings }
  | { readonly kind: 'tick' }
);

/** Why something that a node said was not believed; the key is the code in logs and metrics. */
export const NODE_FAULTS = {
  unreadable: 'what the node sent is not of the shape that nodes send',
  other_chain: 'the node follows another chain',
  wrong_hash: 'the header does not have the hash under which it was sent',
  far_ahead: 'the block is of a level that the chain cannot have reached',
  wrong_level: 'the block does not follow its predecessor by one level, or not its round',
  wrong_time: 'the time of the block is not the start of its round',
  wrong_owner: 'the owner of the round did not sign the block',
  weak_proof_of_work: 'the block lacks its proof of work',
  false_prequorum: 'the preattestations in the block are not its own, or too few',
  wrong_signature: 'the owner of the slot did not sign the vote',
  no_right: 'nobody has the right to this vote',
  wrong_key: 'the public key does not have the hash that it was asked for',
  outvoted: 'most nodes say something else of rights or constants',
} as const;

/** One of the codes of {@link NODE_FAULTS}. */
export type NodeFault = keyof typeof NODE_FAULTS;
