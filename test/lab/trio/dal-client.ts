import type { SignerClient } from '@meridian/signer-client';
import { level, round, slot, toHex } from '@meridian/tezos';
import { readSignBytes, voteSignBytes } from '@meridian/tezos/forge';

/** The only DAL content that a chain without DAL slots takes. */
const NOTHING_SEEN = '0';

/** An attestation with DAL content beside it; undefined for what is none, or has its slot outside of the bytes. */
export function withDalContent(bytes: Uint8Array): Uint8Array | undefined {
  const vote = readSignBytes(bytes);
  if (vote.kind !== 'attestation' || vote.slot === undefined) return undefined;
  const content = {
    kind: 'attestation_with_dal',
    slot: slot(vote.slot),
    level: level(vote.level),
    round: round(vote.round),
    block_payload_hash: vote.payloadHash,
    dal_attestation: NOTHING_SEEN,
  } as const;
  return voteSignBytes(vote.chainId, { branch: vote.branch, contents: [content] }, 'plain');
}

/**
 * A client of signers for an endorser that looks at DAL, unlike its sisters: each attestation is asked for with DAL
 * content. The endorser is given it as a vote that was permitted before, and takes it for its own.
 * @param told of each attestation that was signed with DAL content
 */
export function dalClient(signers: SignerClient, told: () => void): SignerClient {
  /** The last attestation of each key that was asked for: what is asked for again is wanted as it is. */
  const asked = new Map<string, string>();
  return {
    ...signers,
    sign: async (key, bytes, options) => {
      const plain = toHex(bytes);
      const withDal = asked.get(key) === plain ? undefined : withDalContent(bytes);
      if (withDal === undefined) return signers.sign(key, bytes, options);
      asked.set(key, plain);
      const outcome = await signers.sign(key, withDal, options);
      if (outcome.kind !== 'signature') return outcome;
      told();
      const { signature } = outcome;
      return {
        ...{ kind: 'refused', status: 409, code: 'equivalent_vote_signed', message: 'with DAL' },
        ...{ details: { released: { bytes: toHex(withDal), signature } } },
        ...{ persistence: 'final', alerts: false },
      };
    },
  };
}
