import { assert } from '@meridian/prelude';
import { burn, extendLease, freeze, latch, provision } from './administration.ts';
import { release, takeOver, type Authority } from './administration.ts';
import { at, granted, request } from './fixtures.ts';
import {
  advance,
  comparePositions,
  mayWrite,
  NO_MAX_LEVEL,
  REFUSALS,
  seal,
  storeRefusal,
} from './index.ts';
import type { Holder, Permission, Refusal, Row, RowKey, SignRequest } from './index.ts';

/**
 * Two sites with a store each, under operators who keep to the rules, certificates and grants that come late, twice
 * or never, and stores that are put back or lost. What a signer knows of a row (its holder, the highest `seq`)
 * outlives its store.
 */
export type Site = {
  readonly name: 'us' | 'ie';
  row: Row | undefined;
  readonly snapshots: Row[];
  holder: Holder;
  seenSeq: number | null;
  /** The row is gone: nothing is signed until an operator provisions a new one. */
  isStopped: boolean;
  readonly unsealed: { readonly asked: SignRequest; readonly signature: string }[];
};

export type World = {
  readonly key: RowKey;
  readonly sites: { readonly us: Site; readonly ie: Site };
  head: number;
  /** The log of epochs: each number is given once. */
  lastEpoch: number;
  /** The register: the end of all grants, and who got the last one. */
  lease: { end: number; holder: string };
  readonly authorities: Authority[];
  readonly nacks: { readonly site: Site; readonly epoch: number }[];
  readonly renewals: { readonly site: Site; readonly holder: Holder; readonly maxLevel: number }[];
  minted: number;
  /** For each level and round what the vaults of both sites were asked to sign. */
  readonly vault: Map<string, string[]>;
  readonly released: Map<string, Set<string>>;
  /** How often each act had an effect, so that a test can tell that it tested something. */
  readonly done: Map<string, number>;
};

const GRANTED_LEVELS = 4;
const ROUND_MAX = 2 ** 31 - 1;
const nameOf = ({ site, epoch }: Holder): string => `${site}/${epoch.toString()}`;
const placeOf = ({ level, round }: SignRequest): string =>
  `${level.toString()}/${round.toString()}`;

/** Ireland stands by, the US is in first use under a lease, the head is at level 100. */
export function newWorld(key: RowKey, done: World['done']): World {
  const world: World = {
    ...{ key, done, head: 100, lastEpoch: 0, lease: { end: 104, holder: 'us/1' }, minted: 0 },
    sites: { us: siteOf('us', key), ie: siteOf('ie', key) },
    ...{ authorities: [], nacks: [], renewals: [], vault: new Map(), released: new Map() },
  };
  giveRight(world, world.sites.us, 'first_use', { maxLevel: 104, floor: at(99) });
  deliverNewest(world);
  assert(world.sites.us.row?.mode === 'active', 'the first use was accepted');
  return world;
}

function siteOf(name: Site['name'], key: RowKey): Site {
  const holder = { site: name, epoch: 0, incarnation: name, generation: 1 };
  const row = granted(provision(undefined, key, holder, at(99), 'new'));
  return { name, row, snapshots: [], holder, seenSeq: 0, isStopped: false, unsealed: [] };
}

/** What a store does with a refusal: it latches where the list says so. */
function refused(site: Site, { code }: Refusal): void {
  if (!REFUSALS[code].latches) return;
  if (site.row === undefined) site.isStopped = true;
  else site.row = latch(site.row);
}

/** The compare-and-set of a store, for a change that is allowed. */
function write(world: World, site: Site, next: Row, act: string): void {
  if (next === site.row) return;
  const { row } = site;
  assert(mayWrite(row, next), 'a row is written over the one that it was computed from');
  assert(row === undefined || comparePositions(row, next) <= 0, 'no mark falls');
  site.row = next;
  site.seenSeq = next.seq;
  world.done.set(act, (world.done.get(act) ?? 0) + 1);
}

/** An administrative change: never of a row that fell back. */
function change(
  world: World,
  site: Site,
  act: string,
  rule: (row: Row) => ReturnType<typeof burn>,
): boolean {
  const { row, holder, seenSeq } = site;
  if (row === undefined) return false;
  const refusal = storeRefusal(row, { ...holder, seenSeq });
  if (refusal !== undefined) {
    if (row.mode !== 'latched') world.done.set('caught', (world.done.get('caught') ?? 0) + 1);
    refused(site, refusal);
    return false;
  }
  const outcome = rule(row);
  if (outcome.ok) write(world, site, outcome.value, act);
  return outcome.ok;
}

/** What may happen to a world: to one of its sites, with one of what lies about, above or below the head. */
export type Act = (world: World, site: Site, pick: number, up: number) => void;

/** A signer is asked for a signature near the head. */
export function sign(world: World, site: Site, pick: number, up: number): void {
  const wish = { round: pick % 2, payload: pick % 3 === 0 ? 'A' : 'B', slot: 3 + (pick % 5) };
  if (site.isStopped) return;
  const level = world.head + up;
  const { kind, pkh } = world.key;
  const asked = request({ kind, level, ...wish }, site.holder, site.seenSeq, pkh);
  const outcome = advance(site.row, asked);
  const fellBack = (site.row?.seq ?? 0) < (site.seenSeq ?? 0);
  assert(!(fellBack && outcome.ok), 'a row that fell back permits nothing');
  if (!outcome.ok) {
    refused(site, outcome.error);
    return;
  }
  write(world, site, outcome.value.row, 'sign');
  useVault(world, site, asked, outcome.value);
}

function useVault(world: World, site: Site, asked: SignRequest, { signature }: Permission): void {
  if (signature !== null) {
    leaves(world, asked, signature);
    return;
  }
  const place = placeOf(asked);
  world.vault.set(place, [...(world.vault.get(place) ?? []), asked.digest]);
  world.minted += 1;
  const fresh = `signature ${world.minted.toString()}`;
  site.unsealed.push({ asked, signature: fresh });
  if (world.key.kind !== 'block') leaves(world, asked, fresh);
}

/** A vault's answer comes, late perhaps and perhaps again; a block's signature leaves only once it is stored. */
export function sealOne(world: World, site: Site, pick: number): void {
  const one = picked(site.unsealed, pick);
  if (one === undefined || site.isStopped) return;
  const outcome = seal(site.row, { ...one.asked, seenSeq: site.seenSeq }, one.signature);
  if (!outcome.ok) {
    refused(site, outcome.error);
    return;
  }
  write(world, site, outcome.value, 'seal');
  leaves(world, one.asked, one.signature);
}

function leaves(world: World, asked: SignRequest, signature: string): void {
  const place = placeOf(asked);
  world.released.set(place, (world.released.get(place) ?? new Set()).add(signature));
}

/** A right is written out for the row as it stands at the site now, under the next epoch. */
function giveRight(
  world: World,
  { row, name }: Site,
  by: Authority['by'],
  terms: Pick<Authority, 'maxLevel' | 'floor' | 'burntEpoch'>,
): void {
  if (row === undefined) return;
  world.lastEpoch += 1;
  const { incarnation, generation } = row;
  const holder = { site: name, epoch: world.lastEpoch, incarnation, generation };
  world.authorities.push({ ...holder, by, ...terms });
}

/** The site hands its row to the other one, which has said which row it has. */
export function handOver(world: World, site: Site): void {
  const other = world.sites[site.name === 'us' ? 'ie' : 'us'];
  if (other.row === undefined || site.row === undefined) return;
  const epoch = world.lastEpoch + 1;
  if (!change(world, site, 'freeze', row => freeze(row, site.holder, epoch))) return;
  giveRight(world, other, 'certificate', { maxLevel: site.row.maxLevel, floor: site.row });
}

/** The register grants the levels after all that it granted before. */
export function grant(world: World, site: Site): void {
  const { end } = world.lease;
  if (site.row === undefined || end > world.head + GRANTED_LEVELS) return;
  const floor = at(end - 1, ROUND_MAX);
  giveRight(world, site, 'grant', { maxLevel: end + GRANTED_LEVELS, floor });
  world.lease = { end: end + GRANTED_LEVELS, holder: `${site.name}/${world.lastEpoch.toString()}` };
}

/** An authority arrives: any of those written so far, so late ones and repeated ones too. */
export function deliver(world: World, _site: Site, pick: number): void {
  const given = picked(world.authorities, pick);
  if (given === undefined) return;
  const site = world.sites[given.site === 'us' ? 'us' : 'ie'];
  if (!change(world, site, given.by, row => takeOver(row, given))) return;
  const { epoch, incarnation, generation } = given;
  site.holder = { site: site.name, epoch, incarnation, generation };
  if (given.maxLevel === world.lease.end) world.lease.holder = nameOf(given);
}

/** The newest authority arrives: the usual course of things. */
export function deliverNewest(world: World): void {
  deliver(world, world.sites.us, world.authorities.length - 1);
}

/** A target that was handed an epoch burns it and gives its word. */
export function refuseHandOver(world: World, _site: Site, pick: number): void {
  const given = picked(
    world.authorities.filter(({ by }) => by === 'certificate'),
    pick,
  );
  if (given === undefined) return;
  const site = world.sites[given.site === 'us' ? 'us' : 'ie'];
  const other = world.sites[site.name === 'us' ? 'ie' : 'us'];
  if (!change(world, site, 'burn', row => burn(row, given.epoch))) return;
  world.nacks.push({ site: other, epoch: given.epoch });
}

/** The site that froze goes on, on the word of its target. */
export function useNack(world: World, _site: Site, pick: number): void {
  const nack = picked(world.nacks, pick);
  if (nack?.site.row === undefined) return;
  const { maxLevel } = nack.site.row;
  giveRight(world, nack.site, 'nack', { maxLevel, floor: at(0), burntEpoch: nack.epoch });
  deliverNewest(world);
}

/** The register moves the end of the last grant for whom it gave it to; the answer comes when it comes. */
export function renew(world: World, site: Site, pick: number): void {
  const { row, holder } = site;
  const isLast = row?.maxLevel === world.lease.end && nameOf(holder) === world.lease.holder;
  if (row?.mode === 'active' && isLast && row.seq === site.seenSeq) {
    world.lease.end += 2;
    world.renewals.push({ site, holder, maxLevel: world.lease.end });
  }
  const renewal = picked(world.renewals, pick);
  if (renewal === undefined) return;
  const { maxLevel } = renewal;
  change(world, renewal.site, 'renew', before => extendLease(before, renewal.holder, maxLevel));
}

/** A backup is made, or put back. */
export function keep(_world: World, { row, snapshots }: Site): void {
  if (row !== undefined) snapshots.push(row);
}

export function restore(_world: World, site: Site, pick: number): void {
  site.row = picked(site.snapshots, pick) ?? site.row;
}

/** A store is lost with its disk. */
export function lose(_world: World, site: Site): void {
  site.row = undefined;
}

/** The chain goes on. */
export function nextLevel(world: World): void {
  world.head += 1;
}

/** An operator ends a latch, and the signer learns the row anew. */
export function letGo(world: World, site: Site): void {
  const { row } = site;
  if (row?.mode !== 'latched') return;
  world.minted += 1;
  const incarnation = `minted ${world.minted.toString()}`;
  const end = world.head + 2;
  const leaseEnd = row.maxLevel === NO_MAX_LEVEL ? 0 : row.maxLevel;
  const floor = at(Math.max(end, row.level + 1, leaseEnd));
  write(world, site, granted(release(row, { floor, horizonEnd: end, incarnation })), 'release');
  learn(site);
}

/** A store that was lost is set up anew; one that is there never is. */
export function provisionAnew(world: World, site: Site): void {
  world.minted += 1;
  const incarnation = `minted ${world.minted.toString()}`;
  const holder = { site: site.name, epoch: 0, incarnation, generation: 1 };
  const floor = at(world.head + 2);
  const outcome = provision(site.row, world.key, holder, floor, 'doubtful');
  assert(outcome.ok === (site.row === undefined), 'no row is provisioned over');
  if (!outcome.ok) return;
  write(world, site, outcome.value, 'provision');
  learn(site);
}

function learn(site: Site): void {
  assert(site.row !== undefined, 'a row that is learnt is there');
  const { epoch, incarnation, generation, seq } = site.row;
  site.holder = { site: site.name, epoch, incarnation, generation };
  site.seenSeq = seq;
  site.isStopped = false;
}

function picked<Value>(list: readonly Value[], pick: number): Value | undefined {
  return list[list.length === 0 ? 0 : pick % list.length];
}
