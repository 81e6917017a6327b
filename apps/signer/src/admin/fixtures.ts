import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, instant } from '@meridian/prelude';
import { level, round } from '@meridian/tezos';
import { publicKeyOf, secretKeyOfSeed, sign } from '@meridian/tezos/crypto';
import { KINDS, NO_MAX_LEVEL, type Kind, type Row } from '@meridian/watermark';
import { interchangeOf, signInterchange, type Interchange } from '@meridian/watermark/interchange';
import { changeOfRows, freeze, takeOver, type Authority } from '@meridian/watermark/administration';
import { openJournal, openSqliteStore, type JournaledStore } from '@meridian/watermark-store';
import { Doubts } from '../doubts.ts';
import { BAKER, CHAIN, OTHER } from '../fixtures.ts';
import type { Outcome } from './action.ts';
import { perform } from './actions.ts';
import type { Desk } from './desk.ts';
import { AdminError } from './errors.ts';
import { horizonOf, type Evidence } from './evidence.ts';
import type { Identity } from './identity.ts';
import { readStatement, signStatement } from './statement.ts';

/** Keys of people and sites for the tests of administration. */
export const personOf = (seed: number) => {
  const secret = secretKeyOfSeed('tz1', new Uint8Array(32).fill(seed));
  return { secret, publicKey: publicKeyOf(secret) };
};
export const SITE_KEY = personOf(50);
export const PEER_KEY = personOf(51);
export const [ANN, BOB, EVE] = [personOf(61), personOf(62), personOf(63)];

/** The head of the evidence in these tests, and when they play. */
export const HEAD = 100;
export const NOW = instant(Date.parse('2026-11-25T08:00:06Z'));
/** The first level beyond the horizon of {@link evidence}: a block of 6 s has passed, and 5 levels of slack. */
export const BEYOND = HEAD + 1 + 5 + 1;

export const identityFor = ({ secret, publicKey }: ReturnType<typeof personOf>): Identity => ({
  publicKey,
  sign: bytes => Promise.resolve(sign(secret, bytes)),
});

/** The arguments of a change that is about all keys. */
export const ALL = { all: true };

/** What three nodes of three agree on. */
export function evidence(other: Partial<Evidence> = {}): Evidence {
  return {
    chain_id: CHAIN,
    ...{ asked: 3, quorum: 2, nodes: ['a', 'b', 'c'] },
    head: { level: HEAD, hash: 'BL', timestamp: '2026-11-25T08:00:00Z' },
    ...{ minimal_block_delay: 6, blocks_per_cycle: 20, slack_levels: 5 },
    use: [BAKER, OTHER].map(({ pkh }) => ({
      public_key_hash: pkh,
      ...{ from: 61, to: HEAD, nodes: ['a', 'b'], found: [] },
    })),
    ...other,
  };
}

/** What a statement of these tests says of one key. */
export const KEY_STATED = {
  ...{ public_key_hash: BAKER.pkh as string, kinds: KINDS as readonly string[] },
  ...{ incarnation: 'incarnation-1', generation: 0, floor: { level: 120, round: 1 } },
};

/** A statement about the rows of the baker, as `init` made them. */
export const STATEMENT = {
  ...{ format: 'meridian-break-glass', version: 2, chain_id: CHAIN as string },
  ...{ site: 'us', epoch: 3, keys: [KEY_STATED], max_level: 500 as number | null },
  ...{ reason: 'the other region is gone', expires_level: 110 },
};

/** A statement as these people signed it. */
export async function signedStatement(
  other: Partial<Record<keyof typeof STATEMENT, unknown>> = {},
  people: readonly ReturnType<typeof personOf>[] = [ANN, BOB],
): Promise<string> {
  const statement = { ...STATEMENT, ...other };
  let file = readStatement(JSON.stringify({ statement, signatures: [] }));
  for (const person of people) file = await signStatement(file, identityFor(person));
  return JSON.stringify(file);
}

/** A signer's administration over real files. */
export type Office = {
  readonly desk: Desk;
  readonly folder: string;
  readonly store: () => JournaledStore;
  /** What the signer beside it doubts. */
  readonly doubts: Doubts;
  /** Events of the audit, in order. */
  readonly audited: readonly string[];
  readonly ask: (action: string, args?: object) => Promise<Outcome>;
  /** The code of a refusal, of the whole or of the first key. */
  readonly refusal: (action: string, args?: object) => Promise<string>;
  readonly rows: () => Promise<readonly Row[]>;
  /** Makes rows active under an authority, behind the back of administration, and lets the journal know. */
  readonly activate: (other?: Partial<Authority>, kinds?: readonly Kind[]) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Opens an office with a new store and a new journal, or with those in `folder`. */
export function openOffice(other: Partial<Desk> = {}, place?: string): Office {
  const folder = place ?? mkdtempSync(join(tmpdir(), 'meridian-admin-'));
  const store = openSqliteStore(join(folder, 'store'), openJournal(join(folder, 'journal')));
  const audited: string[] = [];
  let minted = 0;
  const doubts = new Doubts();
  const desk: Desk = {
    ...{ site: 'us', chains: [CHAIN], keys: () => [BAKER.pkh] },
    open: () => ({ store, journal: store.journal }),
    ...{ storeName: null, identity: identityFor(SITE_KEY) },
    trusted: [{ site: 'ie', publicKey: PEER_KEY.publicKey }],
    operators: Object.entries({ ann: ANN, bob: BOB }).map(([name, { publicKey }]) => ({
      name,
      publicKey,
    })),
    now: () => NOW,
    mint: () => `incarnation-${(++minted).toString()}`,
    doubts,
    audit: event => {
      audited.push(event);
    },
    ...other,
  };
  const key = { chainId: CHAIN, pkh: BAKER.pkh };
  const rows = (): Promise<readonly Row[]> => store.read(CHAIN, BAKER.pkh);
  const administer = async (change: ReturnType<typeof changeOfRows>): Promise<void> => {
    const changed = await store.administer(key, change);
    assert(changed.ok, JSON.stringify(changed));
    store.journal.learn(changed.value);
  };
  return {
    ...{ desk, folder, audited, rows, store: () => store, doubts },
    ask: (action, args = {}) => perform(desk, action, args),
    refusal: async (action, args = {}) => {
      const refused = await perform(desk, action, args).then(
        ({ keys }) => keys.find(each => each.refused !== undefined)?.refused?.code,
        (error: unknown) => {
          if (error instanceof AdminError) return error.code;
          throw error;
        },
      );
      return refused ?? 'done';
    },
    activate: async (authority = {}, kinds = ['attestation']) => {
      const floor = { level: level(HEAD), round: round(0) };
      await administer(
        changeOfRows(key, kinds, row =>
          takeOver(row, {
            ...{ by: 'break_glass', site: 'us', epoch: row.epoch + 1, maxLevel: NO_MAX_LEVEL },
            ...{ incarnation: row.incarnation, generation: row.generation, floor },
            ...authority,
          }),
        ),
      );
    },
    close: async () => {
      await store.close();
      if (place === undefined) rmSync(folder, { recursive: true });
    },
  };
}

/** Draws the horizon of {@link evidence}, as every `init` does. */
export function drawHorizon({ store }: Office): void {
  store().journal.setHorizon(CHAIN, horizonOf(evidence()));
}

/** Hands a key's attestations over, as a move does. */
export async function freezeAttestations({ store }: Office): Promise<void> {
  const key = { chainId: CHAIN, pkh: BAKER.pkh };
  const changed = await store().administer(
    key,
    changeOfRows(key, ['attestation'], row => freeze(row, row, row.epoch + 1)),
  );
  assert(changed.ok, 'an active row is frozen');
}

/** Rows of an office as a file of another site, signed by its key. */
export async function fileOf(
  change: (row: Row) => Row,
  secret = PEER_KEY.secret,
): Promise<Interchange> {
  const other = openOffice();
  await other.ask('init', { evidence: evidence(), floor: { level: 300, round: 1 } });
  const rows = (await other.rows()).map(row => change({ ...row, site: 'ie', epoch: 4 }));
  await other.close();
  const made = { site: 'ie', madeAt: '2026-11-25T07:00:00Z', store: null };
  return signInterchange(interchangeOf(rows, made), secret);
}
