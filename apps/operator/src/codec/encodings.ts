import { fromHex, PROTOCOLS, protocolByCodec, toHex, type Protocol } from '@meridian/tezos';
import { blockHeader, blsModeVote, decode, encode, fitnessTuple } from '@meridian/tezos/forge';
import { operationShell, rawBlockHeader, rawOperation, shellHeader } from '@meridian/tezos/forge';
import { unsignedBlockHeader, type Encoding } from '@meridian/tezos/forge';
import { OperatorError } from '../errors.ts';
import { signedBytes, signedJson, unsignedBytes, unsignedJson } from './operations.ts';

/** One of octez-codec's encodings: JSON as a node prints it to hexadecimal, and back. */
export type Codec = {
  readonly toHex: (json: unknown) => Promise<string>;
  readonly toJson: (hex: string) => Promise<unknown>;
};

/** What of a protocol can be encoded: the name after the dot. `full`: for protocols that it votes in. */
type ProtocolCodec = {
  readonly name: string;
  readonly support: Protocol['support'];
  readonly of: (protocol: Protocol) => Codec;
};

const PROTOCOL_CODECS: readonly ProtocolCodec[] = [
  {
    name: 'operation',
    support: 'full',
    of: protocol => ({
      toHex: async json => toHex(await signedBytes(protocol, json)),
      toJson: async hex => signedJson(protocol, fromHex(hex)),
    }),
  },
  {
    name: 'operation.unsigned',
    support: 'full',
    of: protocol => ({
      toHex: async json => toHex(await unsignedBytes(protocol, json)),
      toJson: async hex => unsignedJson(protocol, fromHex(hex)),
    }),
  },
  { name: 'operation.bls_mode_unsigned', support: 'full', of: () => fixed(blsModeVote) },
  { name: 'operation.raw', support: 'full', of: () => fixed(rawOperation) },
  { name: 'block_header', support: 'votes-only', of: protocol => fixed(blockHeader(protocol)) },
  {
    name: 'block_header.unsigned',
    support: 'votes-only',
    of: protocol => fixed(unsignedBlockHeader(protocol)),
  },
  { name: 'block_header.raw', support: 'full', of: () => fixed(rawBlockHeader) },
  { name: 'fitness', support: 'full', of: () => fixed(fitnessTuple) },
];

/** What is the same in every protocol. */
const SHARED_CODECS: Readonly<Record<string, Codec>> = {
  'operation.shell_header': fixed(operationShell),
  'block_header.shell': fixed(shellHeader),
};

function fixed<Value>(encoding: Encoding<Value>): Codec {
  return {
    toHex: json => Promise.resolve(toHex(encode(encoding, json))),
    toJson: hex => Promise.resolve(decode(encoding, fromHex(hex))),
  };
}

/** Every identifier that {@link codecOf} takes. */
export function codecIds(): readonly string[] {
  const own = PROTOCOLS.flatMap(protocol =>
    PROTOCOL_CODECS.filter(each => supports(protocol, each)).map(
      each => `${protocol.codec}.${each.name}`,
    ),
  );
  return [...Object.keys(SHARED_CODECS), ...own];
}

/**
 * The codec of an identifier such as `025-PsUshuai.operation`.
 * @throws OperatorError `misused` with a hint
 */
export function codecOf(id: string): Codec {
  const shared = Object.hasOwn(SHARED_CODECS, id) ? SHARED_CODECS[id] : undefined;
  if (shared !== undefined) return shared;
  const dot = id.indexOf('.');
  const protocol = protocolByCodec(id.slice(0, dot));
  const codec = PROTOCOL_CODECS.find(each => each.name === id.slice(dot + 1));
  if (protocol !== undefined && codec !== undefined && supports(protocol, codec)) {
    return codec.of(protocol);
  }
  throw new OperatorError('misused', `no encoding ${JSON.stringify(id)}; see: meridian codec list`);
}

function supports(protocol: Protocol, codec: ProtocolCodec): boolean {
  return codec.support === 'votes-only' || protocol.support === 'full';
}
