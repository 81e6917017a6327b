import type { BlockHash, ContextHash, NonceHash } from '../base58-kinds.ts';
import type { OperationListListHash, PayloadHash, Signature } from '../base58-kinds.ts';
import { TezosError } from '../errors.ts';
import type { RawFitness } from '../fitness.ts';
import type { Level, Round } from '../numbers.ts';
import type { HeaderVotes, Protocol } from '../protocols.ts';
import { dynamic, joined, list, optional, record } from './encoding.ts';
import type { Encoding, ObjectEncoding } from './encoding.ts';
import { blockHash, bool, contextHash, fixedHex, levelEncoding, nonceHash } from './primitives.ts';
import { operationListListHash, payloadHash, restHex } from './primitives.ts';
import { roundEncoding, timestamp, uint8 } from './primitives.ts';
import { bareSignature } from './signature-part.ts';

/** The part of a block header that every protocol shares. */
export type ShellHeader = {
  readonly level: Level;
  readonly proto: number;
  readonly predecessor: BlockHash;
  /** RFC 3339, whole seconds. */
  readonly timestamp: string;
  readonly validation_pass: number;
  readonly operations_hash: OperationListListHash;
  readonly fitness: RawFitness;
  readonly context: ContextHash;
};

/** A baker's vote on a question that each block asks. */
export type PerBlockVote = 'on' | 'off' | 'pass';

/** A block header without its signature, as a node prints it; which votes it has says the protocol. */
export type UnsignedBlockHeader = ShellHeader & {
  readonly payload_hash: PayloadHash;
  readonly payload_round: Round;
  /** 8 bytes in hexadecimal. */
  readonly proof_of_work_nonce: string;
  readonly seed_nonce_hash?: NonceHash;
  readonly liquidity_baking_toggle_vote?: PerBlockVote;
  /** 018 to 023. */
  readonly adaptive_issuance_vote?: PerBlockVote;
  /** 012. */
  readonly liquidity_baking_escape_vote?: boolean;
};

/** A block header with its signature. */
export type BlockHeader = UnsignedBlockHeader & { readonly signature: Signature };

/** Source: src/lib_base/block_header.ml. */
export const shellHeader: ObjectEncoding<ShellHeader> = record<ShellHeader>({
  level: levelEncoding,
  proto: uint8,
  predecessor: blockHash,
  timestamp,
  validation_pass: uint8,
  operations_hash: operationListListHash,
  fitness: dynamic(list(dynamic(restHex))),
  context: contextHash,
});

const protocolData = record<object>({
  payload_hash: payloadHash,
  payload_round: roundEncoding,
  proof_of_work_nonce: fixedHex(8),
  seed_nonce_hash: optional(nonceHash),
});

const VOTES = ['on', 'off', 'pass'] as const satisfies readonly PerBlockVote[];

/** One byte that holds two bits a vote, the first vote in the lowest bits. */
function voteByte(names: readonly string[]): ObjectEncoding<object> {
  return {
    names,
    write: (out, value) => {
      const votes = value as Readonly<Record<string, unknown>>;
      let byte = 0;
      for (const [place, name] of names.entries()) {
        const vote = VOTES.findIndex(each => each === votes[name]);
        if (vote < 0) {
          const code = votes[name] === undefined ? 'missing_field' : 'unknown_kind';
          throw new TezosError(code, `one of ${VOTES.join(', ')} is expected here`, { path: name });
        }
        byte |= vote << (2 * place);
      }
      out.putInteger(byte, 1);
    },
    read: input => {
      const offset = input.offset();
      const byte = input.takeUint(1);
      const votes = names.map((name, place) => [name, VOTES[(byte >> (2 * place)) & 3]] as const);
      const unknown = votes.find(([, vote]) => vote === undefined);
      if (unknown !== undefined || byte >> (2 * names.length) !== 0) {
        const path = unknown?.[0] ?? names[0] ?? '';
        throw new TezosError('unknown_kind', `${byte.toString()} is no byte of votes`, {
          offset,
          path,
        });
      }
      return Object.fromEntries(votes);
    },
  };
}

const VOTE_FIELDS: Readonly<Record<HeaderVotes, ObjectEncoding<object>>> = {
  escape: record({ liquidity_baking_escape_vote: bool }),
  toggle: voteByte(['liquidity_baking_toggle_vote']),
  'toggle-and-adaptive': voteByte(['liquidity_baking_toggle_vote', 'adaptive_issuance_vote']),
};

/** The headers of one way of voting, without and with the signature. */
type HeaderEncodings = {
  readonly unsigned: ObjectEncoding<UnsignedBlockHeader>;
  readonly signed: Encoding<BlockHeader>;
};

function headerEncodings(votes: HeaderVotes): HeaderEncodings {
  const unsigned = joined<UnsignedBlockHeader>([shellHeader, protocolData, VOTE_FIELDS[votes]]);
  return { unsigned, signed: joined([unsigned, record({ signature: bareSignature })]) };
}

const HEADERS: Readonly<Record<HeaderVotes, HeaderEncodings>> = {
  escape: headerEncodings('escape'),
  toggle: headerEncodings('toggle'),
  'toggle-and-adaptive': headerEncodings('toggle-and-adaptive'),
};

/** A block header of this protocol with its signature. */
export function blockHeader(protocol: Pick<Protocol, 'headerVotes'>): Encoding<BlockHeader> {
  return HEADERS[protocol.headerVotes].signed;
}

/** A block header of this protocol without its signature: what a baker signs. */
export function unsignedBlockHeader(
  protocol: Pick<Protocol, 'headerVotes'>,
): Encoding<UnsignedBlockHeader> {
  return HEADERS[protocol.headerVotes].unsigned;
}

/** A block header whose protocol data is not looked at. */
export const rawBlockHeader: Encoding<ShellHeader & { readonly protocol_data: string }> = joined([
  shellHeader,
  record({ protocol_data: restHex }),
]);
