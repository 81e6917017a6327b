import { duration } from '@meridian/prelude';
import type { LevelFacts, Seat } from '@meridian/tenderbake';
import { level, round, slot, TezosError, type Level } from '@meridian/tezos';
import type { PublicKeyHash, RoundDurations, Slot } from '@meridian/tezos';
import { publicKeyHash } from '@meridian/tezos/crypto';
import { isObject, tried } from './read.ts';

/** What of the constants bears on voting. */
export type Constants = {
  readonly durations: RoundDurations;
  readonly committeeSize: number;
  readonly threshold: number;
  readonly proofOfWorkThreshold: bigint;
};

/** A delegate's rights at a level. */
export type RightsSeat = Seat & { readonly rounds: readonly number[] };

/** The rights of a level, as most nodes gave them. */
export type Rights = {
  readonly level: Level;
  /** As the rights name it; undefined where the protocol has one threshold for all levels. */
  readonly threshold: number | undefined;
  readonly seats: readonly RightsSeat[];
};

/** The constants in an answer of `context/constants`; undefined when they cannot be read. */
export function readConstants(value: unknown): Constants | undefined {
  if (!isObject(value)) return undefined;
  return tried(() => ({
    durations: {
      minimalBlockDelay: duration(1000 * positive('minimal_block_delay', value)),
      delayIncrementPerRound: duration(1000 * natural('delay_increment_per_round', value)),
    },
    committeeSize: positive('consensus_committee_size', value),
    threshold: natural('consensus_threshold_size', value),
    proofOfWorkThreshold: BigInt.asUintN(64, bigint('proof_of_work_threshold', value)),
  }));
}

/**
 * The rights in an answer of `helpers/validators`: a list of levels since 024, a flat list of delegates before.
 * Undefined when they cannot be read.
 */
export function readRights(value: unknown, of: Level): Rights | undefined {
  if (!Array.isArray(value)) return undefined;
  const rows: readonly unknown[] = value;
  return tried(() => {
    const [first] = rows;
    if (isObject(first) && Array.isArray(first['delegates'])) {
      if (rows.length !== 1) throw new TezosError('bad_type', 'one level was asked for');
      return rightsOf(
        of,
        level(first['level']),
        natural('consensus_threshold', first),
        first['delegates'],
      );
    }
    return rightsOf(of, of, undefined, rows);
  });
}

function rightsOf(
  asked: Level,
  of: Level,
  threshold: number | undefined,
  rows: readonly unknown[],
): Rights {
  if (asked !== of) throw new TezosError('out_of_range', 'another level was asked for');
  const seats = rows.map(seatOf);
  if (seats.length === 0) throw new TezosError('bad_type', 'every level has a committee');
  return { level: of, threshold, seats };
}

function seatOf(row: unknown): RightsSeat {
  if (!isObject(row)) throw new TezosError('bad_type', 'a right is an object');
  const rounds = row['rounds'] ?? row['slots'];
  if (!Array.isArray(rounds)) throw new TezosError('missing_field', 'a right has its rounds');
  const owned = rounds.map(each => round(each));
  const hasPower = row['attesting_power'] !== undefined;
  return {
    delegate: publicKeyHash(row['delegate']),
    consensusKey: publicKeyHash(row['consensus_key']),
    slot: slot(row['attestation_slot'] ?? owned[0]),
    power: hasPower ? natural('attesting_power', row) : owned.length,
    rounds: owned,
  };
}

/** What the voter needs of the rights of a level; own seats are those of the keys. */
export function factsOf(
  rights: Rights,
  constants: Constants,
  keys: ReadonlySet<PublicKeyHash>,
): LevelFacts {
  const { level: of, seats } = rights;
  const plain = seats.map(({ rounds: _rounds, ...seat }) => seat);
  return {
    level: of,
    durations: constants.durations,
    threshold: thresholdOf(rights, constants),
    seats: new Map<Slot, Seat>(plain.map(seat => [seat.slot, seat])),
    own: plain.filter(({ consensusKey }) => keys.has(consensusKey)),
  };
}

/** The power that makes a quorum. */
export function thresholdOf({ threshold }: Rights, constants: Constants): number {
  return threshold ?? constants.threshold;
}

/** The seat whose delegate proposes a round: the owner of the lottery slot of that number. */
export function proposerOf(
  rights: Rights,
  constants: Constants,
  round: number,
): RightsSeat | undefined {
  const drawn = round % constants.committeeSize;
  return rights.seats.find(({ rounds }) => rounds.includes(drawn));
}

/** 64-bit numbers are texts in the node's JSON, smaller ones are numbers. */
function bigint(name: string, fields: Readonly<Record<string, unknown>>): bigint {
  const value = fields[name];
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw new TezosError('bad_type', `${name} is a whole number`);
}

function natural(name: string, fields: Readonly<Record<string, unknown>>): number {
  const value = Number(bigint(name, fields));
  if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) return value;
  throw new TezosError('out_of_range', `${name} is a whole number of 0 or more`);
}

function positive(name: string, fields: Readonly<Record<string, unknown>>): number {
  const value = natural(name, fields);
  if (value === 0) throw new TezosError('out_of_range', `${name} is above zero`);
  return value;
}
