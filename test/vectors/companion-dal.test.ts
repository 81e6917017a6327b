import { describe, expect, test } from 'vitest';
import { fromHex, toHex, type ChainId } from '@meridian/tezos';
import { companionWeight, publicKeyOf, sign, verify } from '@meridian/tezos/crypto';
import { hashOperation } from '@meridian/tezos/hash';
import { weightedPublicKey, weightedSignature } from '@meridian/tezos/crypto';
import { attachSignature, blsModeBytes, encode, unsignedVote } from '@meridian/tezos/forge';
import { voteSignBytes, type Unsigned, type Vote } from '@meridian/tezos/forge';
import { checkEach, vectors } from './load.ts';

type BlsKey = Parameters<typeof companionWeight>[0]['consensusKey'];
type BlsSignature = Parameters<typeof weightedSignature>[1];
type BlsSecret = Parameters<typeof sign>[0];
type CompanionVector = {
  readonly id: string;
  readonly chain_id: ChainId;
  readonly consensus_secret_key: BlsSecret;
  readonly consensus_public_key: BlsKey;
  readonly companion_secret_key: BlsSecret;
  readonly companion_public_key: BlsKey;
  readonly bls_mode_unsigned_hex: string;
  readonly signer_request_payload_hex: string;
  readonly dal_attestation: string;
  readonly weight_integer_le: string;
  readonly consensus_signature: BlsSignature;
  readonly companion_signature: BlsSignature;
  readonly weighted_public_key: BlsKey;
  readonly final_signature: BlsSignature;
  readonly operation: Unsigned<Vote> & { readonly signature: BlsSignature };
  readonly injectable_hex: string;
  readonly operation_hash: string;
};

const all = (vectors('companion_dal') as { vectors: readonly CompanionVector[] }).vectors;
const idOf = ({ id }: CompanionVector): string => id;

function keysOf(vector: CompanionVector): Parameters<typeof companionWeight>[0] {
  return {
    consensusKey: vector.consensus_public_key,
    companionKey: vector.companion_public_key,
  };
}

function weightOf(vector: CompanionVector): bigint {
  const operation = fromHex(vector.bls_mode_unsigned_hex);
  return companionWeight(keysOf(vector), operation, BigInt(vector.dal_attestation));
}

/** The operation without its signature. */
function unsignedOf({ operation: { branch, contents } }: CompanionVector): Unsigned<Vote> {
  return { branch, contents };
}

describe('companion_dal.json', () => {
  test('both keys are asked for the same bytes, without slot and DAL content', () => {
    checkEach(all, 7, idOf, vector => {
      const vote = unsignedOf(vector);
      expect(toHex(blsModeBytes(vote))).toBe(vector.bls_mode_unsigned_hex);
      const payload = voteSignBytes(vector.chain_id, vote, 'bls');
      expect(toHex(payload)).toBe(vector.signer_request_payload_hex);
      expect(publicKeyOf(vector.consensus_secret_key)).toBe(vector.consensus_public_key);
      expect(publicKeyOf(vector.companion_secret_key)).toBe(vector.companion_public_key);
      expect(sign(vector.consensus_secret_key, payload)).toBe(vector.consensus_signature);
      expect(sign(vector.companion_secret_key, payload)).toBe(vector.companion_signature);
    });
  });

  test('the weight is the number given', () => {
    checkEach(all, 7, idOf, vector => {
      expect(weightOf(vector).toString()).toBe(vector.weight_integer_le);
    });
  });

  test('the weighted key and signature are those given', () => {
    checkEach(all, 7, idOf, vector => {
      const weight = weightOf(vector);
      expect(weightedPublicKey(weight, keysOf(vector))).toBe(vector.weighted_public_key);
      const { consensus_signature: consensus, companion_signature: companion } = vector;
      expect(weightedSignature(weight, consensus, companion)).toBe(vector.final_signature);
    });
  });

  test('the final signature verifies under the weighted key, and under neither of the two', () => {
    checkEach(all, 7, idOf, vector => {
      const payload = fromHex(vector.signer_request_payload_hex);
      const { final_signature: signature } = vector;
      expect(verify(vector.weighted_public_key, signature, payload)).toBe(true);
      expect(verify(vector.consensus_public_key, signature, payload)).toBe(false);
      expect(verify(vector.companion_public_key, signature, payload)).toBe(false);
    });
  });

  test('the final signature does not verify for another bitset', () => {
    checkEach(all, 7, idOf, vector => {
      const payload = fromHex(vector.signer_request_payload_hex);
      const other = BigInt(vector.dal_attestation) ^ 1n;
      const operation = fromHex(vector.bls_mode_unsigned_hex);
      const weight = companionWeight(keysOf(vector), operation, other);
      const key = weightedPublicKey(weight, keysOf(vector));
      expect(verify(key, vector.final_signature, payload)).toBe(false);
    });
  });

  test('the attestation is injected as given, with its slot and DAL content', () => {
    checkEach(all, 7, idOf, vector => {
      expect(vector.operation.signature).toBe(vector.final_signature);
      const unsigned = encode(unsignedVote, unsignedOf(vector));
      const injectable = attachSignature(unsigned, vector.final_signature);
      expect(toHex(injectable)).toBe(vector.injectable_hex);
      expect(hashOperation(injectable)).toBe(vector.operation_hash);
    });
  });
});
