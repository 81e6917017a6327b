import { toBase58, type ChainId } from '@meridian/tezos';

/*
 * What bytes to be signed are about, read by offsets (signer.md A.8 and finding 4) and apart from the parser that is
 * tried out here: an oracle that shared its mistakes would not see them.
 */

export type Subject = {
  readonly chainId: ChainId;
  readonly kind: 'block' | 'preattestation' | 'attestation';
  readonly level: number;
  readonly round: number;
};

const KIND_OF_MAGIC: Readonly<Record<number, Subject['kind']>> = {
  0x11: 'block',
  0x12: 'preattestation',
  0x13: 'attestation',
};
const BLS_MODE_TAGS = [40, 41];
const VOTE_TAG_AT = 37;
/** The tag and a slot of two bytes come before level and round; in BLS mode there is no slot. */
const LEVEL_AT = { plain: 40, bls: 38 };
const BLOCK_LEVEL_AT = 5;
const FITNESS_LENGTH_AT = 83;
const HASH_LENGTH = 32;
const INTEGER_LENGTH = 4;

/** Undefined for bytes that are no block and no vote. */
export function subjectOf(bytes: Buffer): Subject | undefined {
  const kind = KIND_OF_MAGIC[bytes[0] ?? 0];
  if (kind === undefined || bytes.length < FITNESS_LENGTH_AT - INTEGER_LENGTH - 2) return undefined;
  try {
    const levelAt = kind === 'block' ? BLOCK_LEVEL_AT : voteLevelAt(bytes);
    const roundAt = kind === 'block' ? fitnessEnd(bytes) - INTEGER_LENGTH : levelAt + 4;
    return {
      chainId: toBase58('chainId', bytes.subarray(1, 5)),
      kind,
      level: bytes.readInt32BE(levelAt),
      round: bytes.readInt32BE(roundAt),
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * Other bytes for the same level and round: another payload, which no signer may sign beside the first. A lawful
 * message in all else.
 */
export function conflictingWith(bytes: Buffer): Buffer {
  const other = Buffer.from(bytes);
  // A block's payload hash follows its context; that of a vote its round.
  const payloadAt =
    other[0] === 0x11
      ? fitnessEnd(other) + HASH_LENGTH
      : voteLevelAt(other) + INTEGER_LENGTH + INTEGER_LENGTH;
  const last = payloadAt + HASH_LENGTH - 1;
  other.writeUInt8((other.readUInt8(last) ^ 1) & 0xff, last);
  return other;
}

function voteLevelAt(bytes: Buffer): number {
  const isBls = BLS_MODE_TAGS.includes(bytes[VOTE_TAG_AT] ?? 0);
  return isBls ? LEVEL_AT.bls : LEVEL_AT.plain;
}

function fitnessEnd(bytes: Buffer): number {
  return FITNESS_LENGTH_AT + INTEGER_LENGTH + bytes.readUInt32BE(FITNESS_LENGTH_AT);
}
