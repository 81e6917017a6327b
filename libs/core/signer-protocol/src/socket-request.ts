import type { Result } from '@meridian/prelude';
import { toBase58, type PublicKey, type PublicKeyHash, type Signature } from '@meridian/tezos';
import type { Problem } from './problems.ts';
import { outcomeOf, Refused } from './refused.ts';
import { LATEST_VERSION, possessionRequest, signRequest } from './signer-request.ts';
import type { SignerRequest, SigningVersion } from './signer-request.ts';
import { ADDRESSES } from './wire.ts';

/**
 * Reads a message from a socket, strictly: undefined when it is no request at all, on which octez-signer closes the
 * connection without a word; a problem is what to answer, and nothing was asked of key or store.
 */
export function parseSocketRequest(
  message: Uint8Array,
): Result<SignerRequest, Problem> | undefined {
  try {
    const input = new Input(message);
    return outcomeOf(() => readRequest(input));
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** Leaves a reader where the bytes are no request; never leaves this file. */
class Malformed extends Error {}

/** The bytes of a message from front to back; no read goes past their end. */
class Input {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  remaining(): number {
    return this.#bytes.length - this.#at;
  }

  take(count: number): Uint8Array {
    if (count > this.remaining()) throw new Malformed();
    this.#at += count;
    return this.#bytes.slice(this.#at - count, this.#at);
  }

  /** A big-endian number of so many bytes. */
  number(bytes: 1 | 4): number {
    return this.take(bytes).reduce((value, byte) => value * 0x100 + byte, 0);
  }

  end(): void {
    if (this.remaining() > 0) throw new Malformed();
  }
}

/** What each tag asks for, in the order of the tags. */
const READERS: readonly ((input: Input) => () => SignerRequest)[] = [
  readSign,
  input => withKey('public_key', input),
  () => () => ({ kind: 'authorized_keys' }),
  refuseNonce,
  refuseNonce,
  input => withKey('supports_deterministic_nonces', input),
  () => () => ({ kind: 'known_keys' }),
  readPossession,
];

/** Bytes first, to their end; what they mean is judged when all are there. */
function readRequest(input: Input): SignerRequest {
  const reader = READERS[input.number(1)];
  if (reader === undefined) throw new Malformed();
  const judge = reader(input);
  input.end();
  return judge();
}

function withKey(
  kind: 'public_key' | 'supports_deterministic_nonces',
  input: Input,
): () => SignerRequest {
  const pkh = readKeyHash(input);
  return () => ({ kind, pkh });
}

function readSign(input: Input): () => SignerRequest {
  const [pkh, version] = readVersionedKeyHash(input);
  const bytes = input.take(input.number(4));
  const authentication = readAuthentication(input);
  return () => signRequest(pkh, version, authentication, bytes);
}

/** Octez derives nonces from a key; here they are the baker's own business, and no key is used for them. */
function refuseNonce(input: Input): () => SignerRequest {
  readSign(input);
  return () => {
    throw new Refused('not_allowed', 'deterministic nonces are not made');
  };
}

const [NONE, SOME] = [0x00, 0xff];
const BLS_KEY_BYTES = 48;

function readPossession(input: Input): () => SignerRequest {
  const pkh = readKeyHash(input);
  const option = input.number(1);
  if (option !== NONE && option !== SOME) throw new Malformed();
  const blsKey: PublicKey | undefined =
    option === NONE ? undefined : toBase58('BLpk', input.take(BLS_KEY_BYTES));
  return () => possessionRequest(pkh, blsKey);
}

const KEY_HASH_BYTES = 20;

/** An address: its tag and its hash. */
function readKeyHash(input: Input): PublicKeyHash {
  return hashOf(input.number(1), input);
}

function hashOf(tag: number, input: Input): PublicKeyHash {
  const kind = ADDRESSES[tag];
  if (kind === undefined) throw new Malformed();
  return toBase58(kind, input.take(KEY_HASH_BYTES));
}

const TZ4_TAG = ADDRESSES.indexOf('tz4');
const VERSIONS: readonly SigningVersion[] = [0, 1, 2, 3];

/** As {@link readKeyHash}, but a tz4 address has its tag twice and a version behind it. */
function readVersionedKeyHash(input: Input): [PublicKeyHash, SigningVersion] {
  const tag = input.number(1);
  if (tag !== TZ4_TAG) return [hashOf(tag, input), LATEST_VERSION];
  if (input.number(1) !== TZ4_TAG) throw new Malformed();
  const pkh = hashOf(TZ4_TAG, input);
  const version = VERSIONS[input.number(1)];
  if (version === undefined) throw new Malformed();
  return [pkh, version];
}

/** The last field: nothing tells its length, and when it is left out nothing is there. */
function readAuthentication(input: Input): Signature | undefined {
  const bytes = input.take(input.remaining());
  if (bytes.length === 0) return undefined;
  if (bytes.length === 64) return toBase58('sig', bytes);
  if (bytes.length === 96) return toBase58('BLsig', bytes);
  throw new Malformed();
}
