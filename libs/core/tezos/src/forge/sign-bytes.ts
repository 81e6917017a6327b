import { fromBase58, toBase58 } from '../base58.ts';
import type { BlockHash, ChainId, PayloadHash } from '../base58-kinds.ts';
import { TezosError } from '../errors.ts';
import { readFitness } from '../fitness.ts';
import type { Level, Round, Slot } from '../numbers.ts';
import { byteReader, byteWriter, type ByteReader } from './bytes.ts';
import { encode, joined, optional, readWhole, record } from './encoding.ts';
import { shellHeader } from './headers.ts';
import { blsModeVote, unsignedVote, type Unsigned, type Vote } from './operations.ts';
import { fixedHex, nonceHash, payloadHash, roundEncoding, uint8 } from './primitives.ts';

/** The first byte of what a consensus key signs. Source: operation_repr.ml, block_header_repr.ml. */
const WATERMARK = { block: 0x11, preattestation: 0x12, attestation: 0x13 } as const;
const NEVER_SIGNED: Readonly<Record<number, string>> = {
  0x01: 'an Emmy block',
  0x02: 'an Emmy endorsement',
  0x03: 'a generic operation',
  0x04: 'an authenticated signer request',
  0x05: 'packed Michelson data',
};

/** How votes under a key are signed: tz4 keys sign them in BLS mode, the others as they are. */
export type VoteMode = 'plain' | 'bls';

/** The mode of votes under a key with this address or public key. */
export function voteModeOf(key: string): VoteMode {
  return key.startsWith('tz4') || key.startsWith('BLpk') ? 'bls' : 'plain';
}

/**
 * What a consensus key signs for a vote: watermark, chain, and the operation without its signature;
 * under a tz4 key without slot and DAL content, too.
 */
export function voteSignBytes(
  chainId: ChainId,
  operation: Unsigned<Vote>,
  mode: VoteMode,
): Uint8Array {
  const [vote] = operation.contents;
  const bytes = mode === 'plain' ? encode(unsignedVote, operation) : blsModeBytes(operation);
  const kind = vote.kind === 'preattestation' ? 'preattestation' : 'attestation';
  return marked(WATERMARK[kind], chainId, bytes);
}

/** The operation that a tz4 key signs in place of a vote. */
export function blsModeBytes({ branch, contents: [vote] }: Unsigned<Vote>): Uint8Array {
  const kind = vote.kind === 'preattestation' ? 'bls_mode_preattestation' : 'bls_mode_attestation';
  const { level, round, block_payload_hash } = vote;
  return encode(blsModeVote, { branch, contents: [{ kind, level, round, block_payload_hash }] });
}

/** What a consensus key signs for a block: watermark, chain, and the header without its signature. */
export function blockSignBytes(chainId: ChainId, unsignedHeaderBytes: Uint8Array): Uint8Array {
  return marked(WATERMARK.block, chainId, unsignedHeaderBytes);
}

function marked(watermark: number, chainId: ChainId, body: Uint8Array): Uint8Array {
  const out = byteWriter();
  out.putInteger(watermark, 1);
  out.put(fromBase58('chainId', chainId));
  out.put(body);
  return out.bytes();
}

/** What a signer is asked to sign, as far as it decides anything. */
export type SignSubject =
  | {
      readonly kind: 'block';
      readonly chainId: ChainId;
      readonly level: Level;
      /** The round of the fitness, never the payload round. */
      readonly round: Round;
      readonly predecessor: BlockHash;
      readonly payloadHash: PayloadHash;
    }
  | {
      readonly kind: 'preattestation' | 'attestation';
      readonly mode: VoteMode;
      readonly chainId: ChainId;
      readonly level: Level;
      readonly round: Round;
      readonly branch: BlockHash;
      readonly payloadHash: PayloadHash;
      /** Absent in BLS mode. */
      readonly slot?: Slot;
      /** The decimal text of a bitset; absent without DAL content and in BLS mode. */
      readonly dalAttestation?: string;
    };

/**
 * Reads what a signer is asked to sign, every byte of it.
 * @throws TezosError with the offset; `unknown_kind` for anything that is no block and no vote
 */
export function readSignBytes(bytes: Uint8Array): SignSubject {
  const input = byteReader(bytes);
  const watermark = input.takeUint(1);
  if (watermark === WATERMARK.block) return readBlock(input);
  if (watermark === WATERMARK.preattestation) return readVote(input, 'preattestation');
  if (watermark === WATERMARK.attestation) return readVote(input, 'attestation');
  const known = NEVER_SIGNED[watermark];
  const found = `0x${watermark.toString(16).padStart(2, '0')}${known ? `, ${known},` : ''}`;
  throw new TezosError('unknown_kind', `the watermark byte ${found} is never signed here`, {
    offset: 0,
  });
}

/** The kinds that may follow each vote's watermark; another pair is a forgery. */
const PLAIN_KINDS = {
  preattestation: ['preattestation'],
  attestation: ['attestation', 'attestation_with_dal'],
} as const satisfies Record<string, readonly Vote['kind'][]>;

/** Bytes between the chain and the kind's tag: the branch. */
const BRANCH_LENGTH = 32;
const BLS_MODE_TAGS: readonly (number | undefined)[] = [0x28, 0x29];

function readVote(input: ByteReader, kind: 'preattestation' | 'attestation'): SignSubject {
  const chainId = toBase58('chainId', input.take(4));
  const offset = input.offset() + BRANCH_LENGTH;
  if (BLS_MODE_TAGS.includes(input.peek(BRANCH_LENGTH))) {
    const { branch, contents } = readWhole(blsModeVote, input);
    const { kind: found, level, round, block_payload_hash } = contents[0];
    if (found !== `bls_mode_${kind}`) throw mismatch(kind, found, offset);
    return { kind, mode: 'bls', chainId, level, round, branch, payloadHash: block_payload_hash };
  }
  const { branch, contents } = readWhole(unsignedVote, input);
  const [vote] = contents;
  const { level, round, slot, block_payload_hash: payloadHash } = vote;
  if (!PLAIN_KINDS[kind].some(each => each === vote.kind)) throw mismatch(kind, vote.kind, offset);
  const subject = {
    kind,
    mode: 'plain',
    chainId,
    level,
    round,
    branch,
    payloadHash,
    slot,
  } as const;
  if (vote.kind !== 'attestation_with_dal') return subject;
  return { ...subject, dalAttestation: vote.dal_attestation };
}

function mismatch(watermark: string, kind: string, offset: number): TezosError {
  return new TezosError('unknown_kind', `a ${watermark} watermark before a ${kind}`, { offset });
}

/** The parts of a header that no protocol places elsewhere; the last byte's votes differ. */
const signedHeader = joined<{
  readonly payload_hash: PayloadHash;
  readonly votes: number;
}>([
  record({ payload_hash: payloadHash, payload_round: roundEncoding }),
  record({ proof_of_work_nonce: fixedHex(8), seed_nonce_hash: optional(nonceHash) }),
  record({ votes: uint8 }),
]);

function readBlock(input: ByteReader): SignSubject {
  const chainId = toBase58('chainId', input.take(4));
  const shellOffset = input.offset();
  const shell = shellHeader.read(input);
  const { payload_hash: payloadHash } = readWhole(signedHeader, input);
  const fitness = fitnessOf(shell.fitness, shellOffset);
  if (fitness.level !== shell.level) {
    const levels = `${fitness.level.toString()} in a header of level ${shell.level.toString()}`;
    throw new TezosError('out_of_range', `a fitness of level ${levels}`, {
      offset: shellOffset,
      path: 'fitness',
    });
  }
  const { level, predecessor } = shell;
  return { kind: 'block', chainId, level, round: fitness.round, predecessor, payloadHash };
}

function fitnessOf(raw: readonly string[], offset: number): ReturnType<typeof readFitness> {
  try {
    return readFitness(raw);
  } catch (error) {
    if (!(error instanceof TezosError)) throw error;
    throw new TezosError(error.code, error.reason, { offset, path: 'fitness' });
  }
}
