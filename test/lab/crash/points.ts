/** Where a signer can die on the way of a signature, and what is left of it then. */
export type Point = {
  /** As the drilled signer names it. */
  readonly at: string;
  /** The stores whose signers pass it. */
  readonly stores: readonly StoreName[];
  /** The mark is durable. */
  readonly marked: boolean;
  /** The vault was asked. */
  readonly vault: boolean;
  /** The signature is durable; that of a vote may not be yet where its answer has left. */
  readonly sealed: boolean;
  /** Whether the answer can have left: that to a block leaves after its signature was stored, that to a vote before. */
  readonly answered: { readonly vote: Answered; readonly block: Answered };
};

export type StoreName = 'sqlite' | 'postgres';
export type Answered = 'no' | 'maybe' | 'yes';

const BOTH = ['sqlite', 'postgres'] as const;
/** Their journal is told inside the commit, between store and caller. */
const FILES = ['sqlite'] as const;

const asked = { marked: false, vault: false, sealed: false };
const marked = { ...asked, marked: true };
const signed = { ...marked, vault: true };
const sealed = { ...signed, sealed: true };

const no = { answered: { vote: 'no', block: 'no' } } as const;
/** A vote is answered while its signature is being stored. */
const late = { answered: { vote: 'maybe', block: 'no' } } as const;
const yes = { answered: { vote: 'yes', block: 'yes' } } as const;

/** Every point, in the order in which a signature passes them. */
export const POINTS: readonly Point[] = [
  { at: 'store.advance.before', stores: BOTH, ...asked, ...no },
  { at: 'journal.marked.note.before', stores: FILES, ...marked, ...no },
  { at: 'journal.marked.note.after', stores: FILES, ...marked, ...no },
  { at: 'store.advance.after', stores: BOTH, ...marked, ...no },
  { at: 'journal.marked.noteSoon.before', stores: BOTH, ...marked, ...no },
  { at: 'journal.marked.noteSoon.after', stores: BOTH, ...marked, ...no },
  { at: 'keystore.sign.before', stores: BOTH, ...marked, ...no },
  { at: 'keystore.sign.after', stores: BOTH, ...signed, ...no },
  { at: 'store.seal.before', stores: BOTH, ...signed, ...no },
  { at: 'journal.sealed.note.before', stores: FILES, ...sealed, ...late },
  { at: 'journal.sealed.note.after', stores: FILES, ...sealed, ...late },
  { at: 'store.seal.after', stores: BOTH, ...sealed, ...late },
  { at: 'journal.sealed.noteSoon.before', stores: BOTH, ...sealed, ...late },
  { at: 'journal.sealed.noteSoon.after', stores: BOTH, ...sealed, ...late },
  { at: 'reply.after', stores: BOTH, ...sealed, ...yes },
];

export type Kind = 'block' | 'preattestation' | 'attestation';
export type Curve = 'tz1' | 'tz3' | 'tz4';

/** What a key signs: a tz3 key never twice the same, a tz4 key votes in another layout. */
export const SIGNERS: readonly { readonly kind: Kind; readonly curve: Curve }[] = [
  { kind: 'block', curve: 'tz3' },
  { kind: 'preattestation', curve: 'tz4' },
  { kind: 'attestation', curve: 'tz1' },
  { kind: 'block', curve: 'tz1' },
  { kind: 'preattestation', curve: 'tz3' },
  { kind: 'attestation', curve: 'tz4' },
  { kind: 'preattestation', curve: 'tz1' },
  { kind: 'attestation', curve: 'tz3' },
];

/** One death. */
export type Death = { readonly point: Point; readonly kind: Kind; readonly curve: Curve };

/** Every point with every key and kind; or every point with every kind, and keys in turn. */
export function deaths(store: StoreName, isWhole: boolean): readonly Death[] {
  const points = POINTS.filter(({ stores }) => stores.includes(store));
  const kinds = ['block', 'preattestation', 'attestation'] as const;
  return points.flatMap((point, at) => {
    if (isWhole) return SIGNERS.map(signer => ({ point, ...signer }));
    return kinds.map(kind => {
      const signers = SIGNERS.filter(signer => signer.kind === kind);
      const { curve } = signers[at % signers.length] ?? { curve: 'tz1' };
      return { point, kind, curve };
    });
  });
}
