import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fromBase58, TezosError, type ChainId } from '@meridian/tezos';
import {
  OCTEZ_SIGNER_FILES,
  octezBakerFloors,
  octezSignerFloors,
  signatoryFloors,
  signatoryTableFloors,
  type ForeignFile,
  type KeyFloor,
} from '@meridian/watermark/interchange';
import { AdminError } from '../admin/errors.ts';
import { MisuseError, needed, textOfFile, wordOf, type Options } from './options.ts';

/** Where marks of another signer are, by the option that names the place. */
const READERS: Readonly<
  Record<string, (path: string, options: Options) => ReturnType<typeof octezSignerFloors>>
> = {
  octez: folder => octezSignerFloors(filesIn(folder, name => OCTEZ_SIGNER_FILES.includes(name))),
  octezBaker: (path, options) =>
    octezBakerFloors(fileAt(path), chainOf(needed(wordOf(options, 'chain'), '--chain'))),
  signatory: path => signatoryFloors([fileAt(path)]),
  signatoryTable: path => signatoryTableFloors(fileAt(path)),
};

/** The flags of {@link foreignFloors}. */
export const FOREIGN_FLAGS = [
  ['--octez <FOLDER>', 'marks of octez-signer: the folder with its *_high_watermarks'],
  ['--octez-baker <FILE>', 'marks of octez-baker: its <chain>_highwatermarks; with --chain'],
  ['--signatory <FILE>', 'marks of Signatory: its watermark_v2/<chain>.json'],
  ['--signatory-table <FILE>', 'marks of Signatory in DynamoDB: a scan or an export'],
] as const;

/**
 * The marks of another signer that the options name, as an action takes them; undefined when they name none.
 * @throws MisuseError, AdminError
 */
export function foreignFloors(options: Options): readonly object[] | undefined {
  const named = Object.entries(READERS).filter(([name]) => wordOf(options, name) !== undefined);
  if (named.length > 1) throw new MisuseError('one source of marks at a time');
  const [source] = named;
  if (source === undefined) return undefined;
  const [name, read] = source;
  const floors = read(wordOf(options, name) ?? '', options);
  if (!floors.ok) throw new AdminError(floors.error.code, floors.error.why, floors.error.field);
  return floors.value.map(floorJson);
}

function floorJson({ chainId, pkh, kind, level, round }: KeyFloor): object {
  return { chain_id: chainId, public_key_hash: pkh, kind, level, round };
}

function filesIn(folder: string, isOurs: (name: string) => boolean): readonly ForeignFile[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw new MisuseError(`${folder}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return names.filter(isOurs).map(name => fileAt(join(folder, name)));
}

function fileAt(path: string): ForeignFile {
  return { name: basename(path), text: textOfFile(path) };
}

function chainOf(text: string): ChainId {
  try {
    fromBase58('chainId', text);
    return text as ChainId;
  } catch (error) {
    if (error instanceof TezosError) throw new MisuseError(`--chain: ${error.message}`);
    throw error;
  }
}
