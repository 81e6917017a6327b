import { describe, expect, test, vi } from 'vitest';
import { err, ok } from '@meridian/prelude';
import { level, round } from '@meridian/tezos';
import { comparePositions, continuationRefusal } from '@meridian/watermark';
import type { Kind, Row, SignRequest } from '@meridian/watermark';
import { changeOfRows, latchKey, raise } from '@meridian/watermark/administration';
import { activate, CHAIN, pkhOf, request, type Wish } from './fixtures.ts';
import type { JournaledStore } from './journaled.ts';
import { powered, type Cut, type Disks, type Powered } from './power-cut-fixtures.ts';

/*
 * Every sequence of a small alphabet, up to a length, is played in one process; the power goes at every step of its
 * last action, with what was being written lost or kept. What a process said before is all that the world knows.
 */

vi.setConfig({ testTimeout: 120_000 });

/** What the world was told, by all processes together. */
type Told = {
  /** Permissions: the digest of a place, and how often a vault may have been asked for it. */
  readonly places: Map<string, { readonly request: SignRequest; vaults: number }>;
  readonly signatures: Map<string, string>;
  readonly wrong: string[];
};

const nothingTold = (): Told => ({ places: new Map(), signatures: new Map(), wrong: [] });

type Action = (store: JournaledStore, told: Told) => Promise<unknown>;

const placeOf = ({ pkh, kind, level: at, round: r }: SignRequest): string =>
  `${kind} of ${pkh} at ${at}.${r}`;

/** Asks for a permission, and holds it against all that was told. */
const advance =
  (asked: SignRequest): Action =>
  async (store, told) => {
    const outcome = await store.advance(asked);
    if (!outcome.ok) return;
    const place = placeOf(asked);
    const before = told.places.get(place);
    if (before !== undefined && before.request.digest !== asked.digest)
      told.wrong.push(`two digests were permitted: ${place}`);
    const { signature } = outcome.value;
    const vaults = (before?.vaults ?? 0) + (signature === null ? 1 : 0);
    if (asked.kind === 'block' && vaults > 1) told.wrong.push(`a vault may sign twice: ${place}`);
    const known = told.signatures.get(place);
    if (signature !== null && known !== undefined && known !== signature)
      told.wrong.push(`another signature than the one that was told: ${place}`);
    told.places.set(place, { request: asked, vaults });
  };

/** Stores a signature of what was permitted last, as the signer does; once, since the vault is asked once. */
const seal =
  (key: number, kind: Kind): Action =>
  async (store, told) => {
    const permitted = [...told.places.values()]
      .filter(({ request: { pkh, kind: of } }) => pkh === pkhOf(key) && of === kind)
      .at(-1);
    if (permitted === undefined) return;
    const place = placeOf(permitted.request);
    const signature = told.signatures.get(place) ?? `signature of ${place}`;
    const outcome = await store.seal(permitted.request, signature);
    if (outcome.ok) told.signatures.set(place, signature);
  };

/** To a store a block is a digest alone. */
const blockRequest = (wish: Wish): SignRequest => ({
  ...request(wish),
  ...{ kind: 'block', bytes: null },
});

const keyed = (key: number) => ({ chainId: CHAIN, pkh: pkhOf(key) });
const floor = { level: level(12), round: round(0) };

/** The alphabet: two keys, two kinds, two payloads for a place, and what an operator does. */
const ACTIONS: Readonly<Record<string, Action>> = {
  vote: advance(request({ level: 10 })),
  otherVote: advance(request({ level: 10, payload: 'B' })),
  laterVote: advance(request({ level: 11 })),
  block: advance(blockRequest({ level: 10 })),
  otherBlock: advance(blockRequest({ level: 10, payload: 'B' })),
  sealVote: seal(1, 'attestation'),
  sealBlock: seal(1, 'block'),
  voteOfAnother: advance(request({ key: 2, level: 10 })),
  latch: store =>
    store.administer(keyed(1), rows => (rows.length > 0 ? ok(latchKey(rows)) : err('wrong_mode'))),
  raise: store =>
    store.administer(
      keyed(1),
      changeOfRows(keyed(1), ['attestation'], row => raise(row, floor, 'set')),
    ),
};
const NAMES = Object.keys(ACTIONS);

/** All words over the alphabet of exactly this length. */
function words(length: number): readonly (readonly string[])[] {
  if (length === 0) return [[]];
  return words(length - 1).flatMap(word => NAMES.map(name => [...word, name]));
}

async function provisioned(): Promise<Disks> {
  const machine = powered({ store: new Map(), journal: new Map() });
  const store = machine.open();
  for (const key of [1, 2]) await activate(store, key, ['block', 'attestation']);
  // As administration does: rows that were made are learnt, not noted.
  store.journal.learn(await store.rows());
  await store.close();
  return machine.disks();
}

const perform = (name: string, store: JournaledStore, told: Told): Promise<unknown> =>
  ACTIONS[name]!(store, told).catch(() => undefined);

/** Why a mark is not one that the permission left. */
function forgotten(rows: readonly Row[], { request: asked }: { request: SignRequest }): boolean {
  const row = rows.find(({ pkh, kind }) => pkh === asked.pkh && kind === asked.kind);
  if (row === undefined) return true;
  const order = comparePositions(row, asked);
  return order < 0 || (order === 0 && row.digest !== null && row.digest !== asked.digest);
}

/** What has to hold of the disks, whoever opens them next. */
function problemsOn({ store, journal }: Disks, told: Told): readonly string[] {
  const rows = [...store.values()];
  const lost = [...told.places.values()].filter(each => forgotten(rows, each));
  const ahead = [...journal.values()].filter(known => {
    const stored = rows.find(({ pkh, kind }) => pkh === known.pkh && kind === known.kind);
    return continuationRefusal(known, stored) !== undefined;
  });
  return [
    ...lost.map(({ request: asked }) => `a permission was forgotten: ${placeOf(asked)}`),
    ...ahead.map(({ pkh, kind }) => `the journal is ahead of the store: ${kind} of ${pkh}`),
  ];
}

/** Asks for everything, the other payloads first: they are what a forgetful store would permit. */
async function askForAll(store: JournaledStore, told: Told): Promise<void> {
  const asked = ['otherVote', 'otherBlock', 'vote', 'block', 'voteOfAnother', 'laterVote'];
  for (const name of asked) await perform(name, store, told);
}

const CUTS_MAX = 12;

/** Plays a word with a cut in its last action; undefined when the action was through before that step. */
async function played(
  from: Disks,
  word: readonly string[],
  cut: Cut,
  atOnce: boolean,
): Promise<{ machine: Powered; told: Told } | undefined> {
  const machine = powered(from);
  const told = nothingTold();
  const store = machine.open();
  const before = atOnce ? [] : word.slice(0, -1);
  for (const name of before) await perform(name, store, told);
  machine.cutAt(cut);
  await Promise.all(word.slice(before.length).map(name => perform(name, store, told)));
  return machine.steps() > cut.step ? { machine, told } : undefined;
}

/** Every way in which the power can go under the last action of a word; what is wrong then, and how many ways. */
async function cutEverywhere(
  from: Disks,
  word: readonly string[],
  atOnce = false,
): Promise<{ wrong: readonly string[]; cuts: number }> {
  const wrong: string[] = [];
  let cuts = 0;
  for (let step = 0; step < CUTS_MAX; step += 1) {
    for (const kept of [false, true]) {
      const after = await played(from, word, { step, kept }, atOnce);
      if (after === undefined) return { wrong, cuts };
      cuts += 1;
      const { told } = after;
      const where = `${word.join(' ')} at step ${step}, ${kept ? 'kept' : 'lost'}`;
      const disks = after.machine.disks();
      const found = [...problemsOn(disks, told)];
      const store = powered(disks).open();
      // A power cut is no reason to doubt a store: no key stops for it.
      if (store.findings.length > 0) found.push('a key was latched');
      await askForAll(store, told);
      wrong.push(...[...found, ...told.wrong].map(each => `${where}: ${each}`));
    }
  }
  throw new Error('there are more steps than are cut');
}

describe('after a power cut', () => {
  test.each([1, 2, 3, 4])(
    'at any step of any %i changes, every permission that was told is remembered, and no second one is given',
    async length => {
      const from = await provisioned();
      let cuts = 0;
      for (const word of words(length)) {
        const outcome = await cutEverywhere(from, word);
        expect(outcome.wrong).toEqual([]);
        cuts += outcome.cuts;
      }
      expect(cuts).toBeGreaterThan(6 * words(length).length);
    },
  );

  test('that meets changes which share a transaction, all of them are told or none is lost', async () => {
    const from = await provisioned();
    for (const word of words(3)) {
      expect((await cutEverywhere(from, word, true)).wrong).toEqual([]);
    }
  });
});

describe('a disk that forgets a commit which it had confirmed', () => {
  test('is found out by the journal: the key is latched, and nothing is permitted twice', async () => {
    const from = await provisioned();
    for (const word of words(2)) {
      const machine = powered(from);
      const told = nothingTold();
      const store = machine.open();
      for (const name of word.slice(0, -1)) await perform(name, store, told);
      const forgetful = machine.disks();
      for (const name of word.slice(-1)) await perform(name, store, told);
      const { journal } = machine.disks();
      const reopened = powered({ store: forgetful.store, journal }).open();
      const isBehind = problemsOn({ store: forgetful.store, journal }, nothingTold()).length > 0;
      expect([word, reopened.findings.length > 0]).toEqual([word, isBehind]);
      await askForAll(reopened, told);
      expect([word, told.wrong]).toEqual([word, []]);
    }
  });

  test('and then loses power while the key is latched, is found out again', async () => {
    const from = await provisioned();
    const machine = powered(from);
    const told = nothingTold();
    await perform('vote', machine.open(), told);
    const behind = { store: from.store, journal: machine.disks().journal };
    for (let step = 0; step < CUTS_MAX; step += 1) {
      for (const kept of [false, true]) {
        const again = powered(behind);
        again.cutAt({ step, kept });
        const isOpen = (() => {
          try {
            again.open();
            return true;
          } catch {
            return false;
          }
        })();
        if (isOpen) {
          expect(step).toBeGreaterThan(2);
          return;
        }
        const reopened = powered(again.disks()).open();
        expect(reopened.findings.length).toBeGreaterThan(0);
        await askForAll(reopened, told);
        expect(told.wrong).toEqual([]);
      }
    }
    throw new Error('it never opened');
  });
});
