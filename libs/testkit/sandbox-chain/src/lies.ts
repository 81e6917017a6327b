import { ok } from '@meridian/prelude';
import { fromBase58, identifyBase58, toBase58, type PayloadHash } from '@meridian/tezos';
import { blockHeader, encode, signedOperation, unsignedBlockHeader } from '@meridian/tezos/forge';
import { hashBlock, hashOperation, proofOfWorkStamp } from '@meridian/tezos/hash';
import type { BlockHash, Protocol, Signature } from '@meridian/tezos';
import type { ChainBlock, ChainEvent, ChainOperation, SandboxChain } from './contract.ts';
import type { LevelRights, Seat } from './contract.ts';
import { eraAt } from './eras.ts';

/** A chain as a node tells of it that may lie. */
export type Lens = {
  readonly chain: SandboxChain;
  /** What the node hears in place of what happened. */
  readonly events: (events: readonly ChainEvent[]) => readonly ChainEvent[];
  /** Begins to lie about one thing or all, or ends it; `true` is all. */
  readonly lie: (about: Lie | boolean) => void;
};

/** What a node can lie about. */
export type Lie = 'all' | 'blocks' | 'rights' | 'votes';

/** Forged blocks that are remembered, so that they can be asked for. */
const FORGED_MAX = 64;
/** Nonces that are tried for a forged block; a sandbox accepts every fourth. */
const NONCES_MAX = 256;
const PROOF_OF_WORK_THRESHOLD = 2n ** 62n - 1n;

/** A chain that is honest until it is told to lie. */
export function lensOf(chain: SandboxChain): Lens {
  let lying: Lie | false = false;
  const liesAbout = (what: Lie): boolean => lying === what || lying === 'all';
  const forged = new Map<BlockHash, ChainBlock>();
  const protocolAt = (level: number): Protocol => eraAt(chain.options, level).protocol;
  const protocolNow = (): Protocol => protocolAt(chain.head().level + 1);
  const forgedOf = (block: ChainBlock): ChainBlock => {
    const lie = forgeBlock(protocolAt(block.level), block, {
      payload_hash: otherPayload(block.payloadHash),
    });
    forged.set(lie.hash, lie);
    for (const hash of forged.keys()) {
      if (forged.size <= FORGED_MAX) break;
      forged.delete(hash);
    }
    return lie;
  };
  const lieAbout = (event: ChainEvent): readonly ChainEvent[] => {
    if (event.kind === 'operation') {
      if (!liesAbout('votes')) return [event];
      return [{ ...event, operation: forgeOperation(protocolNow(), event.operation) }];
    }
    const block = liesAbout('blocks') ? forgedOf(event.block) : event.block;
    if (event.kind === 'validated') return [{ ...event, block }];
    const votes = liesAbout('votes') ? falseVotes(chain, block) : [];
    const { at } = event;
    return [
      { kind: 'head', at, block },
      ...votes.map((operation): ChainEvent => ({ kind: 'operation', at, operation })),
    ];
  };
  return {
    chain: {
      ...chain,
      block: hash => forged.get(hash) ?? chain.block(hash),
      rights: level =>
        liesAbout('rights') ? wrongRights(chain.rights(level)) : chain.rights(level),
      mempool: () =>
        liesAbout('votes')
          ? chain.mempool().map(each => forgeOperation(protocolNow(), each))
          : chain.mempool(),
      inject: (at, bytes) =>
        liesAbout('votes') ? ok(hashOperation(bytes)) : chain.inject(at, bytes),
    },
    events: events => (lying !== false ? events.flatMap(lieAbout) : events),
    lie: about => {
      lying = about === true ? 'all' : about;
    },
  };
}

/** A block with something else in its header, under the old signature, with proof of work. */
export function forgeBlock(
  protocol: Protocol,
  block: ChainBlock,
  changes: Partial<Unsigned>,
): ChainBlock {
  const { signature, ...rest } = block.header;
  const unsigned = withProofOfWork(protocol, { ...rest, ...changes });
  const header = { ...unsigned, signature };
  const bytes = encode(blockHeader(protocol), header);
  return { ...block, header, bytes, hash: hashBlock(bytes), payloadHash: header.payload_hash };
}

function otherPayload(hash: PayloadHash): PayloadHash {
  return toBase58('payloadHash', inverted(fromBase58('payloadHash', hash)));
}

function inverted(bytes: Uint8Array): Uint8Array {
  return bytes.map(byte => byte ^ 0xff);
}

type Unsigned = Omit<ChainBlock['header'], 'signature'>;

function withProofOfWork(protocol: Protocol, header: Unsigned): Unsigned {
  for (let nonce = 0; nonce < NONCES_MAX; nonce += 1) {
    const proof_of_work_nonce = nonce.toString(16).padStart(16, '0');
    const tried = { ...header, proof_of_work_nonce };
    const stamp = proofOfWorkStamp(encode(unsignedBlockHeader(protocol), tried));
    if (stamp <= PROOF_OF_WORK_THRESHOLD) return tried;
  }
  return header;
}

/** The same vote under a signature that nobody made. */
function forgeOperation(protocol: Protocol, operation: ChainOperation): ChainOperation {
  const { signature } = operation.value;
  if (signature === undefined) return operation;
  return withBytes(protocol, { ...operation.value, signature: broken(signature) });
}

function broken(signature: Signature): Signature {
  const { kind, data } = identifyBase58(['edsig', 'spsig1', 'p2sig', 'sig', 'BLsig'], signature);
  return toBase58(kind, inverted(data));
}

function withBytes(protocol: Protocol, value: ChainOperation['value']): ChainOperation {
  const bytes = encode(signedOperation(protocol), value);
  return { hash: hashOperation(bytes), bytes, value };
}

/** Votes of everybody for a forged block, enough for a quorum if somebody believed them. */
function falseVotes(chain: SandboxChain, block: ChainBlock): readonly ChainOperation[] {
  const branch = chain.block(block.header.predecessor)?.header.predecessor ?? chain.genesis.hash;
  const kinds = ['preattestation', 'attestation'] as const;
  return chain.rights(block.level).seats.flatMap((seat, at) =>
    kinds.map(kind =>
      withBytes(eraAt(chain.options, block.level).protocol, {
        branch,
        contents: [
          {
            kind,
            slot: seat.attestationSlot,
            level: block.level,
            round: block.round,
            block_payload_hash: block.payloadHash,
          },
        ],
        signature: madeUp(seat, at % 2 === 0),
      }),
    ),
  );
}

/** Nothing keeps a liar from putting the signature of one curve beside the key of another. */
function madeUp({ consensusKey }: Seat, isOfItsCurve: boolean): Signature {
  return consensusKey.startsWith('BLpk') === isOfItsCurve
    ? toBase58('BLsig', new Uint8Array(96).fill(7))
    : toBase58('sig', new Uint8Array(64).fill(7));
}

/** Everybody sits in the chair of the next. */
function wrongRights(rights: LevelRights): LevelRights {
  const { seats } = rights;
  const moved = seats.map((seat, at) => {
    const next = seats[(at + 1) % seats.length] ?? seat;
    return { ...seat, delegate: next.delegate, consensusKey: next.consensusKey };
  });
  return { ...rights, seats: moved };
}
