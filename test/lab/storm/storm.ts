import { setTimeout as sleep } from 'node:timers/promises';
import type { Strikes } from '@meridian/faults';
import { subjectOf } from '../conformance/subject.ts';
import { Crowd, type Outcome } from './crowd.ts';
import { Judge, type Conflict } from './judge.ts';
import { KEYS } from './keys.ts';
import { planOf, type Size, type Strike, type Wish } from './plan.ts';
import { FLOOR, openSite, type Site, type StoreName } from './site.ts';
import { possible, WEATHER, type StrikeName } from './weather.ts';

/** What a storm is to be. */
export type Wanted = Size & { readonly store: StoreName };

/** What came of it; {@link Report.violations} is empty when all that has to hold held. */
export type Report = Wanted & {
  readonly requests: number;
  readonly signed: number;
  readonly refusals: Readonly<Record<string, number>>;
  /** Faults that took place. */
  readonly weather: Readonly<Partial<Record<StrikeName, number>>>;
  /** Statements that were struck, of those that the weather asked for. */
  readonly statementsStruck: number;
  readonly killed: number;
  readonly returned: number;
  readonly signatures: number;
  readonly places: number;
  readonly levelsWithVote: number;
  readonly violations: readonly string[];
  readonly conflicts: readonly Conflict[];
  readonly seconds: number;
};

/** Whoever asks in a storm may hear these; a request that is malformed, or a mistake of the signer, is no part of it. */
const LAWFUL = /^(signed|(409|503) \w+|connection (refused|reset)|broken answer|no answer)$/;
/** A level is left with requests that are still under way. */
const LEVEL_WAIT_MS = 1_000;
/** As long as no vote was signed a level is asked again: it is over like a block's time. */
const LEVEL_MAX_MS = 10_000;
/** So many levels in a row without a vote: the signers do not sign any more. */
const SILENT_LEVELS_MAX = 5;
const AGAIN_AFTER_MS = 100;
/** The last word of the signers, when the storm is over. */
const CALM_MAX_MS = 30_000;
/** Of a hundred levels, how many have a vote that was signed. */
const WITH_VOTE_MIN_PERCENT = 95;
const CALM_WISH = { curve: 'tz1', kind: 'attestation', round: 0, payload: 0 } as const;

/** Plays a storm and judges it. */
export async function storm(
  wanted: Wanted,
  tell: (level: number) => void = () => undefined,
): Promise<Report> {
  const since = performance.now();
  const site = await openSite(wanted.store, wanted.signers);
  const play = new Play(wanted, site);
  try {
    await play.calm(FLOOR.level + 1, false);
    for (let level = 1; level <= wanted.levels && !play.isLost; level += 1) {
      await play.level(FLOOR.level + 1 + level);
      tell(level);
    }
    if (!play.isLost) await play.end();
    return { ...wanted, ...play.report(), seconds: secondsSince(since) };
  } finally {
    await play.settle();
    await site.close();
  }
}

class Play {
  readonly #wanted: Wanted;
  readonly #site: Site;
  readonly #crowd: Crowd;
  readonly #judge = new Judge();
  readonly #names: readonly StrikeName[];
  readonly #outcomes = new Map<string, number>();
  readonly #weather = new Map<StrikeName, number>();
  readonly #asked: Strikes[] = [];
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #withVote = new Set<number>();
  readonly #problems: string[] = [];
  /** In a row, up to now. */
  #silentLevels = 0;

  constructor(wanted: Wanted, site: Site) {
    [this.#wanted, this.#site] = [wanted, site];
    this.#crowd = new Crowd(wanted.clients);
    this.#names = possible(site.restartDatabase !== undefined);
  }

  /** What has happened cannot be made good any more, so nobody has to wait for the end. */
  get isLost(): boolean {
    return this.#judge.conflicts.length > 0 || this.#silentLevels >= SILENT_LEVELS_MAX;
  }

  /** All clients ask at once, in bad weather; and once more as long as no vote was signed. */
  async level(level: number): Promise<void> {
    const { wishes, strikes } = planOf(this.#wanted, level, this.#names);
    const end = performance.now() + LEVEL_MAX_MS;
    for (const strike of strikes) this.#keep(this.#strike(strike));
    for (let turn = 0; ; turn += 1) {
      const asked = wishes.map(wish => this.#ask(level, this.#turned(wish, turn)));
      await this.#patiently(Promise.all(asked));
      if (this.#withVote.has(level)) {
        this.#silentLevels = 0;
        return;
      }
      if (performance.now() > end) {
        this.#silentLevels += 1;
        return;
      }
      await sleep(AGAIN_AFTER_MS);
    }
  }

  /** Waits until signers sign: each of them, or over files the one that holds them. */
  async calm(level: number, counts: boolean): Promise<void> {
    const silent = new Set(this.#site.stations.keys());
    const hasEnough = (): boolean =>
      this.#site.restartDatabase === undefined
        ? silent.size < this.#wanted.signers
        : silent.size === 0;
    const end = performance.now() + CALM_MAX_MS;
    while (!hasEnough() && performance.now() < end) {
      for (const signer of silent) {
        const { name } = await this.#ask(level, { ...CALM_WISH, signer });
        if (name === 'signed') silent.delete(signer);
      }
      if (!hasEnough()) await sleep(AGAIN_AFTER_MS);
    }
    if (hasEnough()) return;
    const who = [...silent].map(at => at + 1).join(', ');
    this.#problems.push(`signers that sign nothing ${counts ? 'after' : 'before'} it: ${who}`);
  }

  /** Waits for what is under way: late answers, and signers that are started again. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    this.#crowd.close();
  }

  /** The storm is over: its faults end, and everybody who was killed is asked once more. */
  async end(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    await Promise.all(this.#site.proxies.map(proxy => proxy.heal()));
    await this.calm(FLOOR.level + this.#wanted.levels + 2, true);
  }

  report(): Omit<Report, keyof Wanted | 'seconds'> {
    const { signed = 0, ...refusals } = Object.fromEntries([...this.#outcomes].sort());
    const lives = this.#site.stations.map(station => station.lives);
    const [killed, returned] = [
      sum(lives.map(one => one.killed)),
      sum(lives.map(one => one.returned)),
    ];
    const withVote = [...this.#withVote].filter(level => this.#isOfStorm(level)).length;
    return {
      requests: sum([...this.#outcomes.values()]),
      ...{ signed, refusals, weather: Object.fromEntries(this.#weather) },
      statementsStruck: sum(this.#asked.map(strikes => strikes.count())),
      ...{ killed, returned },
      signatures: this.#judge.signatures,
      places: this.#judge.places,
      levelsWithVote: withVote,
      violations: this.#violations(killed - returned, withVote),
      conflicts: this.#judge.conflicts,
    };
  }

  #isOfStorm(level: number): boolean {
    return level > FLOOR.level + 1 && level <= FLOOR.level + 1 + this.#wanted.levels;
  }

  #violations(lost: number, withVote: number): readonly string[] {
    const { levels } = this.#wanted;
    // One that was ended for what it signed has no number of levels.
    const isAlive =
      this.#judge.conflicts.length > 0 || withVote * 100 >= levels * WITH_VOTE_MIN_PERCENT;
    const strange = [...this.#outcomes.keys()].filter(name => !LAWFUL.test(name));
    return [
      ...strange.map(name => `no lawful answer: ${name}`),
      ...this.#judge.problems(Object.values(KEYS)),
      ...this.#problems,
      ...this.#site.stations.flatMap(station => station.mistakes),
      ...(lost === 0 ? [] : [`${lost} signers were killed and did not come back`]),
      ...(isAlive ? [] : [`${withVote} of ${levels} levels have a vote that was signed`]),
    ];
  }

  async #ask(level: number, wish: Wish): Promise<Outcome> {
    const url = this.#site.stations[wish.signer]?.url;
    const asked = this.#crowd.ask(url, wish, level);
    this.#keep(asked);
    const outcome = await asked;
    this.#outcomes.set(outcome.name, (this.#outcomes.get(outcome.name) ?? 0) + 1);
    for (const release of outcome.releases) {
      this.#judge.add(release);
      const subject = subjectOf(release.bytes);
      if (subject !== undefined && subject.kind !== 'block') this.#withVote.add(subject.level);
    }
    return outcome;
  }

  /** Who heard no asks another signer. */
  #turned(wish: Wish, turn: number): Wish {
    return { ...wish, signer: (wish.signer + turn) % this.#wanted.signers };
  }

  async #strike({ name, signer, afterMs, lengthMs }: Strike): Promise<void> {
    await sleep(afterMs);
    const { stations, proxies, restartDatabase } = this.#site;
    const station = stations[signer];
    if (station === undefined) return;
    const tookPlace = await WEATHER[name].strike({
      ...{ station, restartDatabase, lengthMs, proxy: proxies[signer], asked: this.#asked },
      hangUp: () => this.#crowd.hangUp(signer),
    });
    if (tookPlace) this.#weather.set(name, (this.#weather.get(name) ?? 0) + 1);
  }

  #keep(act: Promise<unknown>): void {
    this.#underWay.add(act);
    void act
      .catch((error: unknown) => this.#problems.push(String(error)))
      .finally(() => this.#underWay.delete(act));
  }

  /** What takes longer goes on while the next level begins. */
  async #patiently(asked: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise(resolve => (timer = setTimeout(resolve, LEVEL_WAIT_MS)));
    await Promise.race([asked, late]);
    clearTimeout(timer);
  }
}

const secondsSince = (since: number): number => Math.round((performance.now() - since) / 100) / 10;

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
