import { duration, instant } from '@meridian/prelude';
import { KINDS, NO_MAX_LEVEL } from '@meridian/watermark';
import {
  changeOf,
  changeOfRows,
  provision,
  takeOver,
  type KeyOfRows,
} from '@meridian/watermark/administration';
import { openJournal, openSqliteStore, type WatermarkStore } from '@meridian/watermark-store';
import { level, round, type ChainId, type PublicKey, type PublicKeyHash } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed } from '@meridian/tezos/crypto';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A key of ours. */
export type WorkshopKey = {
  readonly publicKey: PublicKey;
  readonly pkh: PublicKeyHash;
  readonly secretFile: string;
};

/** Bakers of ours: keys in files, and a watermark that knows them. */
export type Workshop = {
  readonly folder: string;
  /** At least one. */
  readonly keys: readonly [WorkshopKey, ...WorkshopKey[]];
  readonly store: string;
  readonly journal: string;
  /** Writes a file and gives its path. */
  readonly write: (name: string, text: string) => string;
  /** Writes a configuration file and gives its path. */
  readonly configure: (name: string, configuration: object) => string;
  readonly remove: () => void;
};

/** The curves that keys are made of. */
export const CURVES = ['tz1', 'tz2', 'tz3', 'tz4'] as const;
export type Curve = (typeof CURVES)[number];

/** Makes fresh keys, of the curves in turn, and the files of a signer in a temporary folder. */
export function newWorkshop(count = 1, curves: readonly Curve[] = ['tz1']): Workshop {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-'));
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const keyAt = (at: number): WorkshopKey => {
    const secret = secretKeyOfSeed(curves[at % curves.length] ?? 'tz1', randomBytes(32));
    const publicKey = publicKeyOf(secret);
    const secretFile = write(`baker${(at + 1).toString()}.secret`, `unencrypted:${secret}\n`);
    return { publicKey, pkh: publicKeyHashOf(publicKey), secretFile };
  };
  return {
    folder,
    keys: [keyAt(0), ...Array.from({ length: count - 1 }, (_, at) => keyAt(at + 1))],
    store: join(folder, 'watermark'),
    journal: join(folder, 'journal.sqlite'),
    write,
    // JSON is YAML.
    configure: (name, configuration) =>
      write(`${name}.yaml`, JSON.stringify(configuration, undefined, 2)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What a signer is told of the keys. */
export function keysOf({ keys }: Workshop): readonly { name: string; secretFile: string }[] {
  return keys.map(({ secretFile }, at) => ({ name: `baker${(at + 1).toString()}`, secretFile }));
}

/** What the only site is called. */
export const SITE = 'here';

/** A line from the first block of a chain on, above every chain that is tried out here. */
const FROM_GENESIS = {
  baseLevel: level(0),
  baseTime: instant(0),
  minimalBlockDelay: duration(1_000_000),
  slackLevels: 10_000,
};

/**
 * The rows of keys that were never used: the chain is as new as they are. Not by `watermark init`, which has to look at
 * a cycle that has begun, and takes minutes for hundreds of keys whose blocks are looked at one key after the other.
 */
export async function provisionFirstUse(
  { store: path, journal, keys }: Pick<Workshop, 'store' | 'journal' | 'keys'>,
  chainId: ChainId,
): Promise<void> {
  const store = openSqliteStore(path, openJournal(journal));
  const incarnation = randomUUID();
  store.journal.setHorizon(chainId, FROM_GENESIS);
  await Promise.all(keys.map(({ pkh }) => firstUse(store, { chainId, pkh }, incarnation)));
  await store.close();
}

async function firstUse(store: WatermarkStore, key: KeyOfRows, incarnation: string): Promise<void> {
  const holder = { site: SITE, epoch: 0, incarnation, generation: 0 };
  const floor = { level: level(0), round: round(0) };
  const authority = {
    ...holder,
    epoch: 1,
    by: 'first_use',
    maxLevel: NO_MAX_LEVEL,
    floor,
  } as const;
  const made = changeOf(key, KINDS, (row, of) => provision(row, of, holder, floor, 'new'));
  const taken = changeOfRows(key, KINDS, row => takeOver(row, authority));
  for (const change of [made, taken]) {
    const changed = await store.administer(key, change);
    if (!changed.ok) throw new Error(`the watermark could not be set up: ${changed.error}`);
  }
}
