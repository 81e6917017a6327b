import { publicKeyHashOf } from '@meridian/tezos/crypto';
import type { ChainBlock, Seat } from '../contract.ts';
import { isForbiddenAt } from '../troubles.ts';
import { cycleBounds } from './levels.ts';
import type { NodeView } from './view.ts';

/** What the parts of `context/delegates/<pkh>` are made of. */
export type DelegateAt = {
  readonly view: NodeView;
  readonly block: ChainBlock;
  readonly seat: Seat;
};

/** Levels of a cycle that are looked at for a baker's share of it. */
const SHARE_LEVELS_MAX = 32;
/** Reward of a slot in mutez; there is no money here, so it is always the same. */
const SLOT_REWARD = 4_687;

/** A delegate, by any of its seats in the cycle of a block; undefined when it has none. */
export function findDelegate(
  view: NodeView,
  block: ChainBlock,
  delegate: string,
): DelegateAt | undefined {
  for (const level of sampledLevels(view, block)) {
    const seat = view.chain.rights(level).seats.find(each => each.delegate === delegate);
    if (seat !== undefined) return { view, block, seat };
  }
  return undefined;
}

/** Every delegate with rights in the cycle of a block. */
export function delegatesOf(view: NodeView, block: ChainBlock): readonly string[] {
  const seats = sampledLevels(view, block).flatMap(level => view.chain.rights(level).seats);
  return [...new Set(seats.map(({ delegate }) => delegate))].toSorted().reverse();
}

function sampledLevels(view: NodeView, block: ChainBlock): readonly number[] {
  const { first, last } = cycleBounds(view, block, 0);
  const count = Math.min(SHARE_LEVELS_MAX, last - first + 1);
  return Array.from({ length: count }, (_, at) => first + at);
}

/** Share of all power over the cycle, from 0 to 1. */
function shareOf({ view, block, seat }: DelegateAt): number {
  const levels = sampledLevels(view, block).map(level => view.chain.rights(level));
  const shares = levels.map(({ seats, committee }) => {
    const own = seats.find(({ delegate }) => delegate === seat.delegate);
    return (own?.power ?? 0) / committee;
  });
  return shares.reduce((sum, share) => sum + share, 0) / levels.length;
}

/** `participation`: the chain counts, the expectation comes from the share (protocol.md 7). */
export function participationJson(at: DelegateAt): object {
  const { blocksPerCycle, committeeSize } = at.view.chain.options;
  const { missedLevels, missedSlots } = at.view.chain.participation(at.seat.delegate);
  const expected = Math.floor(shareOf(at) * blocksPerCycle * committeeSize);
  const minimal = Math.floor((expected * 2) / 3);
  const allowed = expected - minimal;
  const rewards = missedSlots > allowed ? 0 : expected * SLOT_REWARD;
  return {
    expected_cycle_activity: expected,
    minimal_cycle_activity: minimal,
    missed_slots: missedSlots,
    missed_levels: missedLevels,
    remaining_allowed_missed_slots: Math.max(0, allowed - missedSlots),
    expected_attesting_rewards: rewards.toString(),
  };
}

/** `consensus_key`. */
export function consensusKeyJson({ seat: { consensusKey } }: DelegateAt): object {
  return { active: { pkh: publicKeyHashOf(consensusKey), pk: consensusKey } };
}

/** `companion_key`: nobody has one, since there is no DAL. */
export function companionKeyJson(): object {
  return { active: null };
}

/** `is_forbidden`: at once after the first double signing, and where the script says so. */
export function isForbidden({ view, block, seat: { delegate } }: DelegateAt): boolean {
  return (
    isForbiddenAt(view.chain.options, delegate, block.level) ||
    view.chain.doubleSignings().some(each => each.delegate === delegate)
  );
}

/** The whole delegate, without what is about balances and stakers. */
export function delegateJson(at: DelegateAt): object {
  return {
    deactivated: false,
    is_forbidden: isForbidden(at),
    participation: participationJson(at),
    grace_period: gracePeriod(at),
    baking_power: at.seat.power.toString(),
    denunciations: [],
    consensus_key: consensusKeyJson(at),
    companion_key: companionKeyJson(),
  };
}

/** The cycle after which a delegate that does nothing is deactivated: the present one and two more. */
function gracePeriod({ view, block }: DelegateAt): number {
  const { first } = cycleBounds(view, block, 0);
  return Math.floor((first - 1) / view.chain.options.blocksPerCycle) + 2;
}
