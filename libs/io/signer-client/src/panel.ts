import type { PublicKeyHash } from '@meridian/tezos';
import type { Signer } from './http-signer.ts';

/** The signers, in the order in which they are asked. */
export type Panel = {
  readonly signers: readonly Signer[];
  /**
   * The signer that answered for this key last comes first, for another site may hold the right for another key. Those
   * in trouble, which is the same for all keys, come last.
   */
  readonly order: (key: PublicKeyHash) => readonly Signer[];
  readonly isTroubled: (signer: Signer) => boolean;
  readonly heard: (key: PublicKeyHash, signer: Signer, what: Heard) => void;
};

/** An answer; a refusal that another signer need not give; or nothing that can be used, for now. */
export type Heard = 'answer' | 'lasting' | 'passing';

export function newPanel(signers: readonly Signer[]): Panel {
  const firstOf = new Map<PublicKeyHash, number>();
  const troubled = new Set<Signer>();
  return {
    signers,
    order: key => {
      const first = firstOf.get(key) ?? 0;
      const turned = [...signers.slice(first), ...signers.slice(0, first)];
      return [
        ...turned.filter(signer => !troubled.has(signer)),
        ...turned.filter(signer => troubled.has(signer)),
      ];
    },
    isTroubled: signer => troubled.has(signer),
    heard: (key, signer, what) => {
      if (what === 'passing') troubled.add(signer);
      else troubled.delete(signer);
      if (what === 'answer') firstOf.set(key, signers.indexOf(signer));
    },
  };
}
