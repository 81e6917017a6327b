import { assert } from '@meridian/prelude';
import { identifyBase58 } from '@meridian/tezos';
import type { PublicKey, PublicKeyHash, Signature } from '@meridian/tezos';
import type { Problem } from './problems.ts';
import type { Answer } from './response.ts';
import { ADDRESSES, PUBLIC_KEYS, SIGNATURES } from './wire.ts';

/** Before what was asked for, and before a trace of errors. */
const [SUCCESS, FAILURE] = [0x00, 0x01];
/** Before the answer that nobody has to authenticate, and before the list of who may. */
const [NO_AUTHENTICATION, AUTHORIZED] = [0x00, 0x01];
const [FALSE, TRUE] = [0x00, 0xff];

/** Characters of an error's text; the frame has to hold it. */
const TEXT_CHARACTERS_MAX = 1_000;

/**
 * The message that answers a request on a socket.
 * Source: src/lib_signer_services/signer_messages.ml; the bytes as octez-signer 25.1 sends them.
 */
export function renderSocketAnswer(answer: Answer): Uint8Array {
  return Uint8Array.from([SUCCESS, ...valueOf(answer)]);
}

function valueOf(answer: Answer): readonly number[] {
  if ('signature' in answer) return signature(answer.signature);
  if ('public_key' in answer) return tagged(PUBLIC_KEYS, answer.public_key);
  if ('bls_prove_possession' in answer) return signature(answer.bls_prove_possession);
  if ('known_keys' in answer) return hashes(answer.known_keys);
  if ('authorized_keys' in answer) return [AUTHORIZED, ...hashes(answer.authorized_keys)];
  if ('supports_deterministic_nonces' in answer)
    return [answer.supports_deterministic_nonces ? TRUE : FALSE];
  assert(!('marks' in answer), 'marks are asked for over HTTP alone');
  return [NO_AUTHENTICATION];
}

/** A signature is the last of its message, so nothing tells its length. */
function signature(text: Signature): readonly number[] {
  return [...identifyBase58(SIGNATURES, text).data];
}

function hashes(keys: readonly PublicKeyHash[]): readonly number[] {
  return sized(keys.flatMap(key => tagged(ADDRESSES, key)));
}

function tagged(
  kinds: readonly (typeof ADDRESSES | typeof PUBLIC_KEYS)[number][],
  text: PublicKeyHash | PublicKey,
): readonly number[] {
  const { kind, data } = identifyBase58(kinds, text);
  return [kinds.indexOf(kind), ...data];
}

/**
 * The message that refuses a request on a socket: a list of one error, which is a BSON document.
 * An Octez client shows its text; the code for machines is told over HTTP alone.
 */
export function renderSocketProblem({ message }: Problem): Uint8Array {
  const msg = message.slice(0, TEXT_CHARACTERS_MAX);
  const document = bson({ kind: 'temporary', id: 'failure', msg });
  return Uint8Array.from([FAILURE, ...sized(sized(document))]);
}

/** A BSON document of texts; what is no ASCII becomes a question mark. Source: bsonspec.org, version 1.1. */
function bson(fields: Readonly<Record<string, string>>): readonly number[] {
  const TEXT = 0x02;
  const END = 0x00;
  const elements = Object.entries(fields).flatMap(([name, text]) => [
    ...[TEXT, ...ascii(name), END],
    ...[...littleEndian(text.length + 1), ...ascii(text), END],
  ]);
  return [...littleEndian(4 + elements.length + 1), ...elements, END];
}

function ascii(text: string): readonly number[] {
  return Array.from({ length: text.length }, (_, at) => {
    const code = text.charCodeAt(at);
    return code > 0 && code < 0x80 ? code : '?'.charCodeAt(0);
  });
}

/** Bytes with their number before them. */
function sized(bytes: readonly number[]): readonly number[] {
  return [...littleEndian(bytes.length).toReversed(), ...bytes];
}

function littleEndian(value: number): readonly number[] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24];
}
