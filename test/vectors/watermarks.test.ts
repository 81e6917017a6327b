import { describe, expect } from 'vitest';
import { level, round, toBase58 } from '@meridian/tezos';
import type { ChainId, PublicKeyHash } from '@meridian/tezos';
import { voteSignBytes } from '@meridian/tezos/forge';
import { blake2b256 } from '@meridian/tezos/hash';
import { slot } from '@meridian/tezos';
import { advance, NO_MAX_LEVEL, signRequest } from '@meridian/watermark';
import type { Row, SignRequest } from '@meridian/watermark';
import { provision, takeOver } from '@meridian/watermark/administration';
import { checkEach, testShared } from './load.ts';

const FILE = 'vectors/watermarks.json';
const HOLDER = { site: 'us', epoch: 1, incarnation: 'first', generation: 1 } as const;
const KEY = {
  chainId: toBase58('chainId', new Uint8Array(4)) as ChainId,
  pkh: toBase58('tz1', new Uint8Array(20)) as PublicKeyHash,
  kind: 'attestation',
} as const;

type Place = { readonly level: number; readonly round: number };
type Tables = {
  readonly octez_baker: readonly {
    readonly stored: Place | null;
    readonly request: Place;
    readonly may_sign: boolean;
  }[];
  readonly octez_signer: readonly {
    readonly stored:
      | (Omit<Place, 'round'> & {
          readonly round: number | null;
          readonly hash: string;
          readonly signature: boolean;
        })
      | null;
    readonly request: Place & { readonly hash: string };
    readonly outcome: string;
  }[];
  readonly double_consensus_evidence: readonly {
    readonly name: string;
    readonly op1: Vote;
    readonly op2: Vote;
    readonly punishable: boolean;
  }[];
};
type Vote = Place & {
  readonly kind: string;
  readonly payload: string;
  readonly branch: string;
  readonly slot?: number;
};

/** An active row that nothing was signed with. */
function freshRow(kind: Row['kind'] = 'attestation'): Row {
  const floor = { level: level(0), round: round(0) };
  const row = provision(undefined, { ...KEY, kind }, { ...HOLDER, epoch: 0 }, floor, 'new');
  if (!row.ok) throw new Error(row.error);
  const authority = { ...HOLDER, by: 'first_use', maxLevel: NO_MAX_LEVEL, floor } as const;
  const taken = takeOver(row.value, authority);
  if (!taken.ok) throw new Error(taken.error);
  return taken.value;
}

function requestAt(place: Place, digest: string): SignRequest {
  const at = { level: level(place.level), round: round(place.round) };
  return { ...KEY, ...HOLDER, ...at, digest, bytes: null, seenSeq: null };
}

function rowAfter(stored: (Place & { hash: string; signature: boolean }) | null): Row {
  if (stored === null) return freshRow();
  const outcome = advance(freshRow(), requestAt(stored, stored.hash));
  if (!outcome.ok) throw new Error(outcome.error.code);
  return { ...outcome.value.row, signature: stored.signature ? 'signature' : null };
}

describe('held against Octez', () => {
  testShared(FILE, 'what octez-baker may sign, we may, and we refuse what it refuses', content => {
    const { octez_baker: table } = content as Tables;
    checkEach(
      table,
      15,
      row => JSON.stringify(row),
      ({ stored, request, may_sign }) => {
        const row = rowAfter(stored && { ...stored, hash: 'stored', signature: true });
        expect(advance(row, requestAt(request, 'asked')).ok).toBe(may_sign);
      },
    );
  });

  testShared(FILE, 'octez-signer signs where we do, for the same reasons', content => {
    // A mark without a round is a thing of octez-signer's files; ours always have one.
    const table = (content as Tables).octez_signer.filter(({ stored }) => stored?.round !== null);
    checkEach(
      table,
      10,
      row => JSON.stringify(row),
      ({ stored, request, outcome }) => {
        const row = rowAfter(stored && { ...stored, round: stored.round ?? 0 });
        expect(advance(row, requestAt(request, request.hash)).ok).toBe(outcome === 'sign');
      },
    );
  });

  testShared(
    FILE,
    'of two votes that the chain punishes the second is refused as conflicting',
    content => {
      const table = (content as Tables).double_consensus_evidence.filter(
        ({ op1, op2 }) => op1.slot !== undefined && op2.slot !== undefined,
      );
      checkEach(
        table,
        5,
        ({ name }) => name,
        ({ op1, op2, punishable }) => {
          const first = advance(freshRow(kindOf(op1)), requestOf(op1));
          if (!first.ok) throw new Error(first.error.code);
          const second = advance(first.value.row, requestOf(op2));
          expect(!second.ok && second.error.code === 'conflicting_vote').toBe(punishable);
        },
      );
    },
  );
});

function kindOf({ kind }: Vote): 'preattestation' | 'attestation' {
  return kind === 'preattestation' ? kind : 'attestation';
}

function requestOf(vote: Vote): SignRequest {
  const content = {
    kind: kindOf(vote),
    slot: slot(vote.slot),
    level: level(vote.level),
    round: round(vote.round),
    block_payload_hash: toBase58('payloadHash', hashOf(vote.payload)),
  };
  const branch = toBase58('blockHash', hashOf(vote.branch));
  const bytes = voteSignBytes(KEY.chainId, { branch, contents: [content] }, 'plain');
  return signRequest(KEY.pkh, bytes, HOLDER);
}

function hashOf(name: string): Uint8Array {
  return blake2b256(new TextEncoder().encode(name));
}
