import { NO_MAX_LEVEL, type Kind } from '@meridian/watermark';
import { KINDS } from '@meridian/watermark';
import { provision, takeOver } from '@meridian/watermark/administration';
import { openSqliteStore } from '@meridian/watermark-store';
import { level, round, type ChainId, type PublicKey, type PublicKeyHash } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed } from '@meridian/tezos/crypto';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A baker of ours: a key in a file, and a watermark that knows it. */
export type Workshop = {
  readonly folder: string;
  readonly publicKey: PublicKey;
  readonly pkh: PublicKeyHash;
  readonly store: string;
  readonly secretFile: string;
  /** Writes a configuration file and gives its path. */
  readonly write: (name: string, configuration: object) => string;
  readonly remove: () => void;
};

/** Makes a fresh key and the files of a signer in a temporary folder. */
export function newWorkshop(): Workshop {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-'));
  const secret = secretKeyOfSeed('tz1', randomBytes(32));
  const publicKey = publicKeyOf(secret);
  const secretFile = join(folder, 'baker.secret');
  writeFileSync(secretFile, `unencrypted:${secret}\n`, { mode: 0o600 });
  return {
    folder,
    publicKey,
    pkh: publicKeyHashOf(publicKey),
    store: join(folder, 'watermark.sqlite'),
    secretFile,
    write: (name, configuration) => {
      const path = join(folder, `${name}.yaml`);
      // JSON is YAML.
      writeFileSync(path, JSON.stringify(configuration, undefined, 2));
      return path;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The rows of a key that was never used: the chain is as new as the key is. */
export async function provisionFirstUse(
  { store: path, pkh }: Workshop,
  chainId: ChainId,
): Promise<void> {
  const store = openSqliteStore(path);
  const incarnation = randomUUID();
  for (const kind of KINDS) await firstUse(store, { chainId, pkh, kind }, incarnation);
  await store.close();
}

async function firstUse(
  store: ReturnType<typeof openSqliteStore>,
  key: { readonly chainId: ChainId; readonly pkh: PublicKeyHash; readonly kind: Kind },
  incarnation: string,
): Promise<void> {
  const holder = { site: 'here', epoch: 0, incarnation, generation: 0 };
  const floor = { level: level(0), round: round(0) };
  const made = await store.administer(key, row => provision(row, key, holder, floor, 'new'));
  if (!made.ok) throw new Error(`the watermark could not be set up: ${made.error}`);
  const authority = {
    ...holder,
    epoch: 1,
    by: 'first_use',
    maxLevel: NO_MAX_LEVEL,
    floor,
  } as const;
  const taken = await store.administer(key, row => takeOver(row ?? made.value, authority));
  if (!taken.ok) throw new Error(`the watermark could not be activated: ${taken.error}`);
}
