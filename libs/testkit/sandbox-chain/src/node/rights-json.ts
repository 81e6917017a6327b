import { roundStart, round, type Round } from '@meridian/tezos';
import { publicKeyHashOf } from '@meridian/tezos/crypto';
import { duration, instant, later } from '@meridian/prelude';
import type { ChainBlock, LevelRights, Seat } from '../contract.ts';
import type { NodeView } from './view.ts';

/** Whose rights are asked for; empty lists ask for everybody's. */
export type Wanted = {
  readonly delegates: readonly string[];
  readonly consensusKeys: readonly string[];
};

/** `helpers/validators` of some levels. */
export function validatorsJson(
  view: NodeView,
  levels: readonly number[],
  wanted: Wanted,
): readonly object[] {
  const rights = levels.map(level => view.chain.rights(level));
  return view.shape.validators === 'flat'
    ? rights.flatMap(one => voters(one, wanted).map(seat => flatValidator(one.level, seat)))
    : rights.map(one => validatorsOfLevel(view, one, wanted));
}

function validatorsOfLevel(view: NodeView, rights: LevelRights, wanted: Wanted): object {
  return {
    level: rights.level,
    consensus_threshold: rights.threshold.toString(),
    consensus_committee: rights.committee.toString(),
    all_bakers_attest_activated: view.chain.options.allBakersAttest,
    delegates: voters(rights, wanted).map(seat => ({
      delegate: seat.delegate,
      rounds: seat.rounds,
      consensus_key: publicKeyHashOf(seat.consensusKey),
      attesting_power: seat.power.toString(),
      attestation_slot: seat.attestationSlot,
    })),
  };
}

/** 023: no threshold, and the slots are those of the lottery. */
function flatValidator(level: number, seat: Seat): object {
  const consensus_key = publicKeyHashOf(seat.consensusKey);
  return { level, delegate: seat.delegate, slots: seat.rounds, consensus_key };
}

/** Who votes at a level, in the order of a node: the addresses descending. */
function voters({ seats }: LevelRights, wanted: Wanted): readonly Seat[] {
  const voting = seats.filter(({ power }) => power > 0);
  return asked(voting, wanted).toSorted((one, other) => (one.delegate < other.delegate ? 1 : -1));
}

function asked(seats: readonly Seat[], { delegates, consensusKeys }: Wanted): readonly Seat[] {
  const anybody = delegates.length === 0 && consensusKeys.length === 0;
  return seats.filter(
    ({ delegate, consensusKey }) =>
      anybody ||
      delegates.includes(delegate) ||
      consensusKeys.includes(publicKeyHashOf(consensusKey)),
  );
}

/** `helpers/attestation_rights` of some levels. */
export function attestationRightsJson(
  view: NodeView,
  block: ChainBlock,
  levels: readonly number[],
  wanted: Wanted,
): readonly object[] {
  return levels.map(level => ({
    level,
    delegates: voters(view.chain.rights(level), wanted)
      .toSorted((one, other) => other.attestationSlot - one.attestationSlot)
      .map(seat => ({
        delegate: seat.delegate,
        first_slot: seat.attestationSlot,
        [view.shape.rightsPower]: seat.power,
        consensus_key: publicKeyHashOf(seat.consensusKey),
      })),
    ...estimate(view, block, level, round(0)),
  }));
}

/** Which rounds `helpers/baking_rights` lists. */
export type RoundsAsked = {
  readonly roundMax: number;
  /** Every round of a delegate instead of its first one. */
  readonly all: boolean;
};

/** `helpers/baking_rights` of some levels. */
export function bakingRightsJson(
  view: NodeView,
  block: ChainBlock,
  levels: readonly number[],
  wanted: Wanted,
  { roundMax, all }: RoundsAsked,
): readonly object[] {
  return levels.flatMap(level =>
    asked(view.chain.rights(level).seats, wanted)
      .flatMap(seat => {
        const rounds = seat.rounds.filter(each => each <= roundMax);
        return (all ? rounds : rounds.slice(0, 1)).map(each => ({ seat, round: round(each) }));
      })
      .toSorted((one, other) => one.round - other.round)
      .map(({ seat, round: each }) => ({
        level,
        delegate: seat.delegate,
        round: each,
        ...estimate(view, block, level, each),
        consensus_key: publicKeyHashOf(seat.consensusKey),
      })),
  );
}

/** When a round of a level after the block begins, if all levels between are made in round 0. */
function estimate(view: NodeView, block: ChainBlock, level: number, at: Round): object {
  if (level <= block.level) return {};
  const timestamp = instant(Date.parse(block.header.timestamp));
  const next = roundStart(view.era, { timestamp, round: block.round }, at);
  const between = duration((level - block.level - 1) * view.era.minimalBlockDelay);
  return { estimated_time: timestampText(later(next, between)) };
}

/** Whole seconds, as a node prints them. */
function timestampText(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
