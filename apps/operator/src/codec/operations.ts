import { LocalForger } from '@taquito/local-forging';
import {
  fromHex,
  TezosError,
  toBase58,
  toHex,
  type Protocol,
  type Signature,
} from '@meridian/tezos';
import { attachSignature, decode, encode, operationSignature } from '@meridian/tezos/forge';
import { signedOperation, unsignedOperation } from '@meridian/tezos/forge';
import { isObject } from '../json.ts';

/**
 * Operations of every kind. Consensus kinds and denunciations are forged by our own lib; the others by
 * @taquito/local-forging, which is never asked for a consensus kind (it lacks most of them and writes
 * `attestation_with_dal` wrongly) and whose answer is taken only when it turns back into the same bytes.
 */
const forger = new LocalForger();

type ForgeParams = Parameters<LocalForger['forge']>[0];

const OWN_KINDS: ReadonlySet<unknown> = new Set([
  'preattestation',
  'attestation',
  'attestation_with_dal',
  'preattestations_aggregate',
  'attestations_aggregate',
  'double_consensus_operation_evidence',
  'double_baking_evidence',
]);

/** The tags of {@link OWN_KINDS}, at the byte after the branch. */
const OWN_TAGS: ReadonlySet<number | undefined> = new Set([20, 21, 23, 30, 31, 2, 3]);
const BRANCH_LENGTH = 32;
const SHORT_SIGNATURE_LENGTH = 64;
/** What stands in for the signature that anonymous operations lack; nodes leave it out of the JSON. */
const NO_SIGNATURE = toBase58('sig', new Uint8Array(SHORT_SIGNATURE_LENGTH));
const BLS_SIGNATURE_LENGTH = 98;
const BLS_SIGNATURE_TAGS = [0xff, 0x03];

/** The bytes of an operation without its signature. */
export async function unsignedBytes(protocol: Protocol, json: unknown): Promise<Uint8Array> {
  if (isOwn(json)) return encode(unsignedOperation(protocol), json);
  return forgeOther(json);
}

/** The bytes of a signed operation. */
export async function signedBytes(protocol: Protocol, json: unknown): Promise<Uint8Array> {
  if (isOwn(json)) return encode(signedOperation(protocol), json);
  if (!isObject(json)) throw new TezosError('bad_type', 'an object is expected here');
  const { signature, ...unsigned } = json;
  const bytes = await forgeOther(unsigned);
  return attachSignature(bytes, (signature ?? NO_SIGNATURE) as Signature);
}

/** The operation without signature behind these bytes. */
export async function unsignedJson(protocol: Protocol, bytes: Uint8Array): Promise<unknown> {
  if (OWN_TAGS.has(bytes[BRANCH_LENGTH])) return decode(unsignedOperation(protocol), bytes);
  return parseOther(bytes);
}

/** The signed operation behind these bytes. */
export async function signedJson(protocol: Protocol, bytes: Uint8Array): Promise<unknown> {
  if (OWN_TAGS.has(bytes[BRANCH_LENGTH])) return decode(signedOperation(protocol), bytes);
  const length = signatureLength(bytes);
  const body = await parseOther(bytes.subarray(0, -length));
  const signature = decode(operationSignature, bytes.subarray(-length));
  return signature === NO_SIGNATURE ? body : { ...body, signature };
}

function isOwn(json: unknown): boolean {
  if (!isObject(json) || !Array.isArray(json['contents'])) return true;
  const contents: readonly unknown[] = json['contents'];
  return (
    contents.length === 0 || contents.some(each => !isObject(each) || OWN_KINDS.has(each['kind']))
  );
}

async function forgeOther(json: unknown): Promise<Uint8Array> {
  try {
    return fromHex(await forger.forge(json as ForgeParams));
  } catch (error) {
    throw new TezosError('unsupported', `this operation cannot be forged: ${wordsOf(error)}`);
  }
}

async function parseOther(bytes: Uint8Array): Promise<Readonly<Record<string, unknown>>> {
  const json = await parsed(bytes);
  const again = await forgeOther(json);
  if (toHex(again) !== toHex(bytes)) {
    throw new TezosError(
      'not_canonical',
      'these bytes do not come back from what they were read as',
    );
  }
  return json as unknown as Readonly<Record<string, unknown>>;
}

async function parsed(bytes: Uint8Array): Promise<ForgeParams> {
  if (bytes.length <= BRANCH_LENGTH) {
    throw new TezosError('truncated', 'an operation has a branch and contents', {
      offset: bytes.length,
    });
  }
  try {
    return await forger.parse(toHex(bytes));
  } catch (error) {
    throw new TezosError('unsupported', `these bytes cannot be read: ${wordsOf(error)}`);
  }
}

/** A BLS signature announces itself; everything else ends in 64 bytes. */
function signatureLength(bytes: Uint8Array): number {
  const start = bytes.length - BLS_SIGNATURE_LENGTH;
  const announced = BLS_SIGNATURE_TAGS.every((tag, at) => bytes[start + at] === tag);
  return announced ? BLS_SIGNATURE_LENGTH : SHORT_SIGNATURE_LENGTH;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
