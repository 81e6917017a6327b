import type { Random } from '@meridian/prelude';
import type { Ballot } from '@meridian/tenderbake';
import { fromBase58, toBase58, type ChainId } from '@meridian/tezos';
import { signBytesOf } from '@meridian/vote-line';
import type { Signer } from './signer.ts';

/** Somebody with access to the signer who wants another vote at places where a key has signed. */
export type Rogue = {
  /** Told of each ballot that was signed; may ask for another one there, or at an earlier place. */
  readonly tempt: (ballot: Ballot) => Promise<void>;
  readonly refused: () => number;
};

/** What a rogue is made of. */
export type RogueOptions = {
  readonly chainId: ChainId;
  readonly signer: Signer;
  readonly random: Random;
  /** How many in a hundred signatures are followed by such a request. */
  readonly percent: number;
};

/** Ballots to which it comes back, so that a signer that died meanwhile is asked as well. */
const KEPT_MAX = 32;

/** A rogue that knows nothing yet. */
export function createRogue({ chainId, signer, random, percent }: RogueOptions): Rogue {
  const known: Ballot[] = [];
  let refused = 0;
  return {
    tempt: async ballot => {
      known.push(ballot);
      if (known.length > KEPT_MAX) known.shift();
      if (random.whole(100) >= percent) return;
      for (const wanted of [ballot, random.pick(known)]) {
        const outcome = await signer.sign(
          wanted.consensusKey,
          signBytesOf(chainId, otherPayload(wanted)),
        );
        // Where it is given a signature after all, the recorder has seen it.
        if (outcome.kind === 'refused') refused += 1;
      }
    },
    refused: () => refused,
  };
}

function otherPayload(ballot: Ballot): Ballot {
  const other = fromBase58('payloadHash', ballot.payloadHash).map(byte => byte ^ 0xff);
  return { ...ballot, payloadHash: toBase58('payloadHash', other) };
}
