import type { Instant } from '@meridian/prelude';
import type { PublicKeyHash } from '@meridian/tezos';
import type {
  ChainBlock,
  ChainOptions,
  DoubleSigning,
  LevelRights,
  Seat,
  Verdict,
} from './contract.ts';
import { isMigration } from './eras.ts';
import { seatAt } from './rights.ts';
import { kindOf, type ChainVote } from './votes.ts';

/** Judges what bakers do, by the chain's own rules and nobody else's. */
export type Judge = {
  /** Every vote with a good signature, also those that no mempool keeps. */
  readonly vote: (at: Instant, vote: ChainVote) => void;
  readonly block: (block: ChainBlock, baker: PublicKeyHash) => void;
  /** A block has a successor's successor: the votes in the block after it count for good. */
  readonly settle: (block: ChainBlock, next: ChainBlock) => void;
  readonly takeVerdicts: () => readonly Verdict[];
  readonly doubleSignings: () => readonly DoubleSigning[];
  readonly participation: (delegate: PublicKeyHash) => {
    readonly missedLevels: number;
    readonly missedSlots: number;
  };
};

type Seen = {
  readonly payload: string;
  readonly branch: string;
  readonly at: Instant;
  isDouble: boolean;
};

/** Levels for which a second message is still held against a first: as long as evidence is taken. */
const CYCLES_KEPT = 2;

/** The first message of each baker at each place, and those that were contradicted. */
class Messages {
  /** By level, then by kind, round and slot or baker. */
  readonly #seen = new Map<number, Map<string, Seen>>();
  readonly #levelsKept: number;
  readonly doubles: DoubleSigning[] = [];

  constructor(levelsKept: number) {
    this.#levelsKept = levelsKept;
  }

  note(place: string, message: Omit<Seen, 'isDouble'>, double: DoubleSigning): void {
    const { level } = double;
    const ofLevel = this.#seen.get(level) ?? new Map<string, Seen>();
    this.#seen.set(level, ofLevel);
    const first = ofLevel.get(place);
    if (first === undefined) ofLevel.set(place, { ...message, isDouble: false });
    else if (!first.isDouble && !isSame(first, message)) {
      // As the chain does, one level, round and kind is punished once.
      first.isDouble = true;
      this.doubles.push(double);
    }
    for (const old of this.#seen.keys()) {
      if (old >= level - this.#levelsKept) break;
      this.#seen.delete(old);
    }
  }

  first(level: number, place: string): Seen | undefined {
    return this.#seen.get(level)?.get(place);
  }
}

function isSame(first: Seen, second: Omit<Seen, 'isDouble'>): boolean {
  return first.payload === second.payload && first.branch === second.branch;
}

type Missed = { readonly missedLevels: number; readonly missedSlots: number };
const NONE_MISSED: Missed = { missedLevels: 0, missedSlots: 0 };

export function judgeOf(options: ChainOptions, rights: (level: number) => LevelRights): Judge {
  const { guests, blocksPerCycle } = options;
  const isGuest = new Set(guests.map(({ delegate }) => delegate));
  const messages = new Messages(CYCLES_KEPT * blocksPerCycle);
  const missed = new Map<PublicKeyHash, Missed>();
  let verdicts: Verdict[] = [];
  const miss = ({ delegate, power }: Seat): void => {
    const { missedLevels, missedSlots } = missed.get(delegate) ?? NONE_MISSED;
    missed.set(delegate, { missedLevels: missedLevels + 1, missedSlots: missedSlots + power });
  };
  return {
    vote: (at, { vote, branch }) => {
      const { level, round, slot, block_payload_hash: payload } = vote;
      const seat = seatAt(rights(level), slot);
      if (seat === undefined) return;
      const kind = kindOf(vote);
      const double = { delegate: seat.delegate, kind, level, round };
      messages.note(placeOf(kind, round, slot), { payload, branch, at }, double);
    },
    block: ({ hash, level, round }, delegate) => {
      const message = { payload: hash, branch: '', at: 0 as Instant };
      const double = { delegate, kind: 'block', level, round } as const;
      messages.note(`block/${round.toString()}/${delegate}`, message, double);
    },
    settle: (block, next) => {
      const included = slotsIn(next);
      if (block.level % blocksPerCycle === 0) missed.clear();
      if (isMigration(options, block.level)) return;
      for (const seat of rights(block.level).seats) {
        const attested = included.has(seat.attestationSlot);
        if (!attested) miss(seat);
        if (isGuest.has(seat.delegate)) verdicts.push(verdictOn(messages, block, seat, attested));
      }
    },
    takeVerdicts: () => {
      const taken = verdicts;
      verdicts = [];
      return taken;
    },
    doubleSignings: () => messages.doubles,
    participation: delegate => missed.get(delegate) ?? NONE_MISSED,
  };
}

function verdictOn(
  messages: Messages,
  { level, round, payloadHash }: ChainBlock,
  { delegate, attestationSlot }: Seat,
  attested: boolean,
): Verdict {
  const seenAt = (kind: string): Instant | null => {
    const first = messages.first(level, placeOf(kind, round, attestationSlot));
    return first?.payload === payloadHash ? first.at : null;
  };
  return {
    ...{ level, delegate, round, attested },
    preattestationSeen: seenAt('preattestation'),
    attestationSeen: seenAt('attestation'),
  };
}

function placeOf(kind: string, round: number, slot: number): string {
  return `${kind}/${round.toString()}/${slot.toString()}`;
}

/** The slots whose attestations a block holds, alone or in an aggregate. */
function slotsIn({ operations: [consensus = []] }: ChainBlock): ReadonlySet<number> {
  const slots = new Set<number>();
  for (const { value } of consensus) {
    const [content] = value.contents;
    if (content.kind === 'attestations_aggregate') {
      for (const { slot } of content.committee) slots.add(slot);
    } else if (content.kind === 'attestation' || content.kind === 'attestation_with_dal') {
      slots.add(content.slot);
    }
  }
  return slots;
}
