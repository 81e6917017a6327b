import { identifyBase58, PROTOCOLS, toBase58, type Protocol } from '@meridian/tezos';
import { blockHeader, blsModeVote, fitnessTuple, rawBlockHeader } from '@meridian/tezos/forge';
import { rawOperation, signedOperation, unsignedOperation } from '@meridian/tezos/forge';
import { unsignedBlockHeader, type Encoding } from '@meridian/tezos/forge';

/** Encodings by the part of an octez-codec name after the protocol. */
const ENCODINGS: Readonly<Record<string, (protocol: Protocol) => Encoding<unknown>>> = {
  operation: signedOperation,
  'operation.unsigned': unsignedOperation,
  'operation.bls_mode_unsigned': () => blsModeVote,
  'operation.raw': () => rawOperation,
  block_header: blockHeader,
  'block_header.unsigned': unsignedBlockHeader,
  'block_header.raw': () => rawBlockHeader,
  fitness: () => fitnessTuple,
};

/** The encoding of an octez-codec name; undefined when the lib has none. */
export function encodingOf(name: string, protocol: Protocol): Encoding<unknown> | undefined {
  return ENCODINGS[name]?.(protocol);
}

/** The row of a protocol number such as `025`. */
export function protocolOf(number: string): Protocol {
  const found = PROTOCOLS.find(protocol => protocol.number === number);
  if (found === undefined) throw new Error(`no protocol ${number}`);
  return found;
}

/** The row of a protocol hash. */
export function protocolOfHash(hash: string): Protocol {
  const found = PROTOCOLS.find(protocol => protocol.hash === hash);
  if (found === undefined) throw new Error(`no protocol ${hash}`);
  return found;
}

/** JSON as it is read back from bytes: a 64-byte signature no longer says its curve. */
export function withGenericSignatures(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(withGenericSignatures);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [
      key,
      key === 'signature' ? genericSignature(value) : withGenericSignatures(value),
    ]),
  );
}

function genericSignature(text: unknown): string {
  const { kind, data } = identifyBase58(['edsig', 'spsig1', 'p2sig', 'sig', 'BLsig'], text);
  return kind === 'BLsig' ? toBase58('BLsig', data) : toBase58('sig', data);
}
