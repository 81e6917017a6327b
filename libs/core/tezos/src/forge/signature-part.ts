import { identifyBase58, toBase58 } from '../base58.ts';
import type { Signature } from '../base58-kinds.ts';
import { TezosError } from '../errors.ts';
import type { Encoding } from './encoding.ts';

const SIGNATURE_KINDS = ['sig', 'edsig', 'spsig1', 'p2sig', 'BLsig', 'mdsig'] as const;
const SHORT = 64;
const BLS = 96;
/** What announces a signature that is not 64 bytes long, after the contents of an operation. */
const PREFIX_TAG = 0xff;
const BLS_TAG = 3;
const ML_DSA_TAG = 4;

/**
 * The end of a signed operation: 64 bytes as they are, or ff 03 and the 96 bytes of a BLS signature.
 * Nodes print 64 bytes as `sig…`, whatever the curve. Source: operation_repr.ml, signature_v3.ml.
 */
export const operationSignature: Encoding<Signature> = {
  write: (out, value) => {
    const bytes = signatureBytes(value);
    if (bytes.length === BLS) out.put([PREFIX_TAG, BLS_TAG]);
    out.put(bytes);
  },
  read: input => {
    const offset = input.offset();
    if (input.remaining() === SHORT) return toBase58('sig', input.take(SHORT));
    const tags = [input.peek(0), input.peek(1)];
    if (tags[0] === PREFIX_TAG && tags[1] === ML_DSA_TAG) throw unsupportedScheme(offset);
    if (tags[0] === PREFIX_TAG && tags[1] === BLS_TAG && input.remaining() === 2 + BLS) {
      input.take(2);
      return toBase58('BLsig', input.take(BLS));
    }
    throw wrongLength(
      input.remaining(),
      `${SHORT.toString()}, or ff03 and ${BLS.toString()}`,
      offset,
    );
  },
};

/** What stands for a signature that is missing. */
const NO_SIGNATURE = toBase58('sig', new Uint8Array(SHORT));

/**
 * The signature of a whole operation: where JSON has none, as nodes print denunciations, the bytes have
 * 64 zeros. Source: operation_repr.ml `optional_signature_encoding`.
 */
export const optionalOperationSignature: Encoding<Signature> = {
  optional: true,
  write: (out, value) => {
    operationSignature.write(out, value === undefined ? NO_SIGNATURE : value);
  },
  // The record that holds this field takes undefined for "left out".
  read: input => {
    const signature = operationSignature.read(input);
    return signature === NO_SIGNATURE ? (undefined as unknown as Signature) : signature;
  },
};

/**
 * The end of a signed block header, and of an operation inside a denunciation: 64 or 96 bytes as they
 * are. Source: block_header_repr.ml, operation_repr.ml.
 */
export const bareSignature: Encoding<Signature> = {
  write: (out, value) => {
    out.put(signatureBytes(value));
  },
  read: input => {
    const length = input.remaining();
    if (length === SHORT) return toBase58('sig', input.take(SHORT));
    if (length === BLS) return toBase58('BLsig', input.take(BLS));
    throw wrongLength(length, `${SHORT.toString()} or ${BLS.toString()}`, input.offset());
  },
};

/**
 * The bytes of a signature's text.
 * @throws TezosError `unsupported` for ML-DSA, else as {@link identifyBase58}
 */
export function signatureBytes(signature: unknown): Uint8Array {
  const { kind, data } = identifyBase58(SIGNATURE_KINDS, signature);
  if (kind === 'mdsig') throw unsupportedScheme(undefined);
  return data;
}

/**
 * A signed operation's bytes from its unsigned bytes and its signature.
 * @throws TezosError as {@link signatureBytes}
 */
export function attachSignature(unsigned: Uint8Array, signature: Signature): Uint8Array {
  const tail = signatureBytes(signature);
  const tags = tail.length === BLS ? [PREFIX_TAG, BLS_TAG] : [];
  const signed = new Uint8Array(unsigned.length + tags.length + tail.length);
  signed.set(unsigned);
  signed.set(tags, unsigned.length);
  signed.set(tail, unsigned.length + tags.length);
  return signed;
}

function unsupportedScheme(offset: number | undefined): TezosError {
  return new TezosError('unsupported', 'ML-DSA (tz5) keys neither vote nor bake', { offset });
}

function wrongLength(length: number, expected: string, offset: number): TezosError {
  const code = length < SHORT ? 'truncated' : 'trailing_bytes';
  const reason = `a signature of ${length.toString()} bytes instead of ${expected}`;
  return new TezosError(code, reason, { offset });
}
