import { assert, seededRandom } from '@meridian/prelude';
import { level, slot, type PublicKey, type PublicKeyHash, type SecretKey } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed } from '@meridian/tezos/crypto';
import type { ChainOptions, LevelRights, Seat } from './contract.ts';
import { memo } from './memo.ts';

/** Somebody with stake; those with a secret are played by the chain. */
export type Player = {
  readonly delegate: PublicKeyHash;
  readonly consensusKey: PublicKey;
  readonly stake: number;
  readonly secret: SecretKey | undefined;
};

const ROBOT_STAKE_DEFAULT = 100;

/** All bakers in a fixed order, the robots first. */
export function playersOf(options: ChainOptions): readonly Player[] {
  const { seed, robots, guests, robotStake: stake = ROBOT_STAKE_DEFAULT } = options;
  const draw = seededRandom(seed);
  const played = (['tz1', 'tz2', 'tz3', 'tz4'] as const).flatMap(curve =>
    Array.from({ length: robots[curve] }, (): Player => {
      const secret = secretKeyOfSeed(curve, draw.bytes(32));
      const consensusKey = publicKeyOf(secret);
      return { delegate: publicKeyHashOf(consensusKey), consensusKey, stake, secret };
    }),
  );
  return [...played, ...guests.map(guest => ({ ...guest, secret: undefined }))];
}

/** Levels whose rights are kept. */
const LEVELS_MAX = 256;

/** The rights of any level: drawn from the seed, so that every node and every run says the same. */
export function rightsTable(
  options: ChainOptions,
  players: readonly Player[],
): (at: number) => LevelRights {
  const known = new Map<number, LevelRights>();
  return at => {
    const found = known.get(at) ?? rightsOf(options, players, at);
    known.set(at, found);
    for (const old of known.keys()) {
      if (known.size <= LEVELS_MAX) break;
      known.delete(old);
    }
    return found;
  };
}

function rightsOf(options: ChainOptions, players: readonly Player[], at: number): LevelRights {
  const { committeeSize, allBakersAttest, seed } = options;
  const rounds = lottery(seed, players, committeeSize, at);
  const total = players.reduce((sum, { stake }) => sum + stake, 0);
  const committee = allBakersAttest ? total : committeeSize;
  const quorum = Math.floor((committeeSize * 2) / 3) + 1;
  const seats = players.flatMap(({ delegate, consensusKey, stake }, index): Seat[] => {
    const owned = rounds[index] ?? [];
    const [first] = owned;
    if (allBakersAttest) {
      return [
        { delegate, consensusKey, rounds: owned, attestationSlot: slot(index), power: stake },
      ];
    }
    if (first === undefined) return [];
    const power = owned.length;
    return [{ delegate, consensusKey, rounds: owned, attestationSlot: slot(first), power }];
  });
  return {
    level: level(at),
    // Whole numbers first, as consensus_parameters_storage.ml has it.
    threshold: allBakersAttest ? quorum * Math.floor(committee / committeeSize) : quorum,
    committee,
    seats,
  };
}

/** The seat that votes with a slot. */
export function seatAt(rights: LevelRights, voting: number): Seat | undefined {
  return seatsBySlot(rights).get(voting);
}

/** Who proposes in a round. */
export function ownerOf(rights: LevelRights, proposing: number): Seat | undefined {
  return seatsByRound(rights).get(proposing);
}

const seatsBySlot = memo(
  ({ seats }: LevelRights) =>
    new Map<number, Seat>(seats.map(seat => [seat.attestationSlot, seat])),
);

const seatsByRound = memo(
  ({ seats }: LevelRights) =>
    new Map(seats.flatMap(seat => seat.rounds.map(each => [each, seat] as const))),
);

/** Which slots each player drew, by its share of the stake. */
function lottery(
  seed: number,
  players: readonly Player[],
  committeeSize: number,
  at: number,
): readonly (readonly number[])[] {
  let total = 0;
  const ends = players.map(({ stake }) => (total += stake));
  assert(total > 0, 'somebody has stake');
  const draw = seededRandom((seed * 1_000_003 + at) | 0);
  const rounds: number[][] = players.map(() => []);
  for (let turn = 0; turn < committeeSize; turn += 1) {
    rounds[firstAbove(ends, draw.whole(total))]?.push(turn);
  }
  return rounds;
}

/** The first place of an ascending list with a number above this one. */
function firstAbove(ends: readonly number[], number: number): number {
  let [low, high] = [0, ends.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle] ?? 0) > number) high = middle;
    else low = middle + 1;
  }
  return low;
}
