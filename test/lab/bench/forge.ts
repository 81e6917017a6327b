import { createPrivateKey, sign as nodeSign, type KeyObject } from 'node:crypto';
import * as blst from '@chainsafe/blst';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { LocalForger } from '@taquito/local-forging';
import { fromBase58, level, PROTOCOLS, round, slot, toBase58 } from '@meridian/tezos';
import type { OperationHash, PublicKey, SecretKey } from '@meridian/tezos';
import { blake2b256, hashBlock, hashOperation, hashPayload } from '@meridian/tezos/hash';
import {
  publicKeyOf,
  secretKeyOfSeed,
  sign,
  verify,
  verifyAggregate,
} from '@meridian/tezos/crypto';
import { attachSignature, blockHeader, decode, encode, readSignBytes } from '@meridian/tezos/forge';
import { unsignedVote, voteModeOf, voteSignBytes } from '@meridian/tezos/forge';
import type { BlockHeader, Unsigned, Vote } from '@meridian/tezos/forge';
import type { Pair } from './measure.ts';

/** Forging, reading, hashing, signing and verifying, each beside the least that could do the same. */
export function forgePairs(): readonly Pair[] {
  return [...bytePairs(), ...hashPairs(), ...CURVES.flatMap(keyPairs), aggregatePair()];
}

const CHAIN_ID = toBase58('chainId', Uint8Array.of(0x7a, 0x06, 0xa7, 0x70));
const HASH = new Uint8Array(32).fill(0xa5);
const VOTE: Unsigned<Vote> = {
  branch: toBase58('blockHash', HASH),
  contents: [
    {
      kind: 'attestation',
      slot: slot(17),
      level: level(12_345_678),
      round: round(0),
      block_payload_hash: toBase58('payloadHash', HASH),
    },
  ],
};
const PAYLOAD_OPERATIONS = 100;
const AGGREGATED_KEYS = 100;

function bytePairs(): readonly Pair[] {
  const forger = new LocalForger();
  const bytes = encode(unsignedVote, VOTE);
  const signBytes = voteSignBytes(CHAIN_ID, VOTE, 'plain');
  const header = blockHeader(currentProtocol());
  const headerBytes = encode(header, HEADER);
  const params = VOTE as unknown as Parameters<LocalForger['forge']>[0];
  return [
    {
      what: 'forge an attestation',
      run: () => encode(unsignedVote, VOTE),
      beside: '@taquito/local-forging',
      besideRun: () => forger.forge(params),
    },
    {
      what: 'read an attestation',
      run: () => decode(unsignedVote, bytes),
      beside: 'forging it',
      besideRun: () => encode(unsignedVote, VOTE),
    },
    {
      what: 'read the bytes of a sign request',
      run: () => readSignBytes(signBytes),
      beside: 'forging them',
      besideRun: () => voteSignBytes(CHAIN_ID, VOTE, 'plain'),
    },
    {
      what: 'forge a block header',
      run: () => encode(header, HEADER),
      beside: 'hashing its bytes',
      besideRun: () => blake2b256(headerBytes),
    },
    {
      what: 'read a block header',
      run: () => decode(header, headerBytes),
      beside: 'hashing its bytes',
      besideRun: () => blake2b256(headerBytes),
    },
  ];
}

function hashPairs(): readonly Pair[] {
  const signature = sign(secretOf('tz1'), HASH);
  const signed = attachSignature(encode(unsignedVote, VOTE), signature);
  const header = encode(blockHeader(currentProtocol()), HEADER);
  const operations: readonly OperationHash[] = Array.from({ length: PAYLOAD_OPERATIONS }, (_, at) =>
    toBase58('operationHash', blake2b256(Uint8Array.of(at))),
  );
  const node = new Uint8Array(64);
  return [
    {
      what: 'hash an operation',
      run: () => hashOperation(signed),
      beside: 'blake2b-256 of its bytes',
      besideRun: () => blake2b256(signed),
    },
    {
      what: 'hash a block',
      run: () => hashBlock(header),
      beside: 'blake2b-256 of its bytes',
      besideRun: () => blake2b256(header),
    },
    {
      what: `payload hash of ${PAYLOAD_OPERATIONS.toString()} operations`,
      run: () => hashPayload(VOTE.branch, round(0), operations),
      beside: 'blake2b-256 twice an operation',
      besideRun: () => {
        for (let call = 0; call < 2 * PAYLOAD_OPERATIONS; call++) blake2b256(node);
      },
    },
  ];
}

type Bare = {
  readonly name: string;
  readonly sign: (secret: Uint8Array) => (message: Uint8Array) => unknown;
  readonly verify: (key: Uint8Array, signature: Uint8Array) => (message: Uint8Array) => boolean;
};

type Curve = {
  readonly address: 'tz1' | 'tz2' | 'tz3' | 'tz4';
  readonly secretKind: 'edsk' | 'spsk' | 'p2sk' | 'BLsk';
  readonly publicKind: 'edpk' | 'sppk' | 'p2pk' | 'BLpk';
  readonly signatureKind: 'edsig' | 'spsig1' | 'p2sig' | 'BLsig';
  readonly bare: Bare;
};

function bareEcdsa(curve: typeof p256): Bare {
  const options = { prehash: false } as const;
  return {
    name: 'the curve alone, over the digest',
    sign: secret => digest => curve.sign(digest, secret, options),
    verify: (key, signature) => digest => curve.verify(signature, digest, key, options),
  };
}

const CURVES: readonly Curve[] = [
  {
    address: 'tz1',
    secretKind: 'edsk',
    publicKind: 'edpk',
    signatureKind: 'edsig',
    bare: {
      name: 'the curve alone, over the digest',
      sign: secret => digest => ed25519.sign(digest, secret),
      verify: (key, signature) => digest => ed25519.verify(signature, digest, key),
    },
  },
  {
    address: 'tz2',
    secretKind: 'spsk',
    publicKind: 'sppk',
    signatureKind: 'spsig1',
    bare: bareEcdsa(secp256k1),
  },
  {
    address: 'tz3',
    secretKind: 'p2sk',
    publicKind: 'p2pk',
    signatureKind: 'p2sig',
    bare: bareEcdsa(p256),
  },
  {
    address: 'tz4',
    secretKind: 'BLsk',
    publicKind: 'BLpk',
    signatureKind: 'BLsig',
    bare: {
      name: 'blst alone, with parsed keys',
      sign: secret => {
        const key = blst.SecretKey.fromBytes(secret.toReversed());
        return bytes => key.sign(bytes);
      },
      verify: (key, signature) => {
        const parsed = blst.PublicKey.fromBytes(key);
        const point = blst.Signature.fromBytes(signature);
        return bytes => blst.verify(bytes, parsed, point);
      },
    },
  },
];

function keyPairs(curve: Curve): readonly Pair[] {
  const { address, bare } = curve;
  const secret = secretOf(address);
  const key = publicKeyOf(secret);
  const bytes = voteSignBytes(CHAIN_ID, VOTE, voteModeOf(key));
  const message = voteModeOf(key) === 'bls' ? bytes : blake2b256(bytes);
  const signature = sign(secret, bytes);
  const bareSign = bare.sign(fromBase58(curve.secretKind, secret));
  const bareVerify = bare.verify(
    fromBase58(curve.publicKind, key),
    fromBase58(curve.signatureKind, signature),
  );
  if (!verify(key, signature, bytes) || !bareVerify(message))
    throw new Error(`${address} is broken`);
  const pairs = [
    {
      what: `sign a vote, ${address}`,
      run: () => sign(secret, bytes),
      beside: bare.name,
      besideRun: () => bareSign(message),
    },
    {
      what: `verify a vote, ${address}`,
      run: () => verify(key, signature, bytes),
      beside: bare.name,
      besideRun: () => bareVerify(message),
    },
  ];
  return address === 'tz1' ? [...pairs, nativePair(secret, bytes, message)] : pairs;
}

/** What a keystore outside the pure core can reach. */
function nativePair(secret: SecretKey, bytes: Uint8Array, message: Uint8Array): Pair {
  const key = nativeKey(fromBase58('edsk', secret));
  return {
    what: 'sign a vote, tz1, pure',
    run: () => sign(secret, bytes),
    beside: 'node:crypto, over the digest',
    besideRun: () => nodeSign(null, message, key),
  };
}

function nativeKey(seed: Uint8Array): KeyObject {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
  return createPrivateKey({ key: Buffer.concat([prefix, seed]), format: 'der', type: 'pkcs8' });
}

type BlsKey = Parameters<typeof verifyAggregate>[0][number];

function aggregatePair(): Pair {
  const secrets = Array.from({ length: AGGREGATED_KEYS }, (_, at) => secretOf('tz4', at + 1));
  const keys = secrets.map(secret => publicKeyOf(secret) as BlsKey);
  const bytes = voteSignBytes(CHAIN_ID, VOTE, 'bls');
  const points = secrets.map(secret =>
    blst.Signature.fromBytes(fromBase58('BLsig', sign(secret, bytes))),
  );
  const sum = blst.aggregateSignatures(points);
  const signature = toBase58('BLsig', sum.toBytes());
  const parsed = keys.map((key: PublicKey) => blst.PublicKey.fromBytes(fromBase58('BLpk', key)));
  if (!verifyAggregate(keys, signature, bytes)) throw new Error('the aggregate is broken');
  return {
    what: `verify an aggregate of ${AGGREGATED_KEYS.toString()} votes`,
    run: () => verifyAggregate(keys, signature, bytes),
    beside: 'blst alone, with parsed keys',
    besideRun: () => blst.fastAggregateVerify(bytes, parsed, sum),
  };
}

function secretOf(address: Curve['address'], filler = 7): SecretKey {
  return secretKeyOfSeed(address, new Uint8Array(32).fill(filler));
}

function currentProtocol(): (typeof PROTOCOLS)[number] {
  const found = PROTOCOLS.find(({ number }) => number === '025');
  if (found === undefined) throw new Error('the table of protocols has no row for 025');
  return found;
}

const HEADER: BlockHeader = {
  level: level(12_345_678),
  proto: 25,
  predecessor: toBase58('blockHash', HASH),
  timestamp: '2026-11-22T00:00:00Z',
  validation_pass: 4,
  operations_hash: toBase58('operationListListHash', HASH),
  fitness: ['02', '00bc614e', '', 'ffffffff', '00000000'],
  context: toBase58('contextHash', HASH),
  payload_hash: toBase58('payloadHash', HASH),
  payload_round: round(0),
  proof_of_work_nonce: '0000000000000000',
  liquidity_baking_toggle_vote: 'pass',
  signature: toBase58('sig', new Uint8Array(64)),
};
