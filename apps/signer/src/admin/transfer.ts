import { z } from '@meridian/service/schema';
import { toHex } from '@meridian/tezos';
import { blake2b256 } from '@meridian/tezos/hash';
import { comparePositions, type Row } from '@meridian/watermark';
import { changeOf, provision, raise, type KeyOfRows } from '@meridian/watermark/administration';
import {
  ENTRIES_MAX,
  interchangeFloors,
  interchangeBytes,
  interchangeOf,
  readInterchange,
  signatureProblem,
  type Interchange,
  type KeyFloor,
} from '@meridian/watermark/interchange';
import { action, forEachKey } from './action.ts';
import { address, chain, edpk, kind, position, SUBJECT, subjectsOf } from './arguments.ts';
import { asUnavailable, changeKey, granted, openStoreOf, withJournal } from './desk.ts';
import type { Desk, OpenStore } from './desk.ts';
import { AdminError } from './errors.ts';
import { by } from './evidence.ts';
import { assertNear, FAR, highestFloor } from './far.ts';
import { assertKnown } from './raise.ts';

/** Writes what a store remembers, signed by its site. */
export const EXPORT = action({
  name: 'export',
  summary: 'write the rows of keys as an interchange file, signed by the identity of the site',
  details: ['docs/interchange.md says what is in the file. The rows are not changed.'],
  args: z.strictObject(SUBJECT),
  isAudited: true,
  run: async (desk, args) => {
    const { store } = openStoreOf(desk);
    const subjects = subjectsOf(desk, args);
    const { identity, site } = desk;
    if (identity === undefined) throw new AdminError('no_identity');
    const rows: Row[] = [];
    for (const { chainId, pkh } of subjects)
      rows.push(...(await store.read(chainId, pkh).catch(asUnavailable)));
    const madeAt = new Date(desk.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    const file = interchangeOf(rows, { site, madeAt, store: desk.storeName });
    const keys = subjects.map(({ pkh }) => ({ public_key_hash: pkh }));
    const signature = await identity.sign(interchangeBytes(file));
    return { keys, file: { ...file, signed_by: identity.publicKey, signature } };
  },
});

const FOREIGN_FLOOR = z.strictObject({
  chain_id: chain,
  public_key_hash: address,
  kind,
  level: position,
  round: position,
});

const IMPORT_ARGUMENTS = z
  .strictObject({
    ...SUBJECT,
    /** The text of an interchange file. */
    file: z.string().optional(),
    /** Whose signature is taken; the trusted key of the file's site unless it is named. */
    from: edpk.optional(),
    /** Marks of another signer, which nobody signed. */
    floors: z.array(FOREIGN_FLOOR).min(1).max(ENTRIES_MAX).optional(),
    /** Somebody stands for a file that is not signed. */
    unsigned: z.boolean().default(false),
    ...FAR,
    by: by.optional(),
  })
  .refine(({ file, floors }) => (file === undefined) !== (floors === undefined), {
    path: ['file'],
    message: 'a file or floors are expected',
  })
  .refine(({ unsigned, by: who }) => !unsigned || who !== undefined, {
    path: ['by'],
    message: 'who stands for a file that is not signed?',
  });

/** Takes marks of another store as floors. */
export const IMPORT = action({
  name: 'import',
  summary: 'take the marks of a file as floors; rows that are not there are made, standing by',
  details: [
    'The file is an export of a site whose key is trusted, or that of --from. Files of octez-signer (--octez FOLDER), of',
    'octez-baker (--octez-baker FILE) and of Signatory (--signatory FILE, --signatory-table FILE) are signed by nobody:',
    'they need --unsigned and --by NAME. Refused for rows that are active, here or where the file is from. A mark that',
    'lies more than a day above the horizon wants --far, and where no horizon is known every mark does: init first.',
  ],
  args: IMPORT_ARGUMENTS,
  isAudited: true,
  run: async (desk, args) => {
    const open = openStoreOf(desk);
    const { floors, epoch } = marksOf(desk, args);
    const asked = subjectsOf(desk, args);
    const subjects = asked.filter(subject => floorsOf(subject, floors).length > 0);
    if (subjects.length === 0) throw new AdminError('nothing_to_import');
    for (const subject of subjects) {
      const line = open.journal.horizon(subject.chainId);
      const highest = line && highestFloor(line, desk.now());
      for (const mark of floorsOf(subject, floors)) assertNear(mark, args, highest, mark.field);
    }
    const digest = args.file === undefined ? null : digestOf(args.file);
    const outcome = await forEachKey(subjects, subject =>
      importKey(desk, open, subject, floorsOf(subject, floors), epoch(subject)),
    );
    return { ...outcome, digest, marks: floors.length };
  },
});

/** A floor, and the part of what was given that says so. */
type Marked = KeyFloor & { readonly field: string };

type Marks = {
  readonly floors: readonly Marked[];
  /** The latest epoch that the file has of a key: only a later one is ever accepted in rows that are made from it. */
  readonly epoch: (subject: KeyOfRows) => number;
};

function marksOf(desk: Desk, args: z.output<typeof IMPORT_ARGUMENTS>): Marks {
  const { file: text, floors = [] } = args;
  if (text === undefined) {
    if (!args.unsigned) throw new AdminError('unsigned', undefined, 'unsigned');
    return { floors: marked(floors.map(floorOfJson), 'floors'), epoch: () => 0 };
  }
  const read = readInterchange(text);
  if (!read.ok) throw new AdminError(read.error.code, read.error.why, `file.${read.error.field}`);
  const file = read.value;
  assertSigned(desk, file, args);
  assertNotActive(desk, file);
  const epochOf = ({ chainId, pkh }: KeyOfRows): number =>
    file.data
      .filter(entry => entry.chain_id === chainId && entry.public_key_hash === pkh)
      .reduce((highest, entry) => Math.max(highest, Number(entry.epoch)), 0);
  return { floors: marked(interchangeFloors(file), 'file.data'), epoch: epochOf };
}

function marked(floors: readonly KeyFloor[], field: string): readonly Marked[] {
  return floors.map((floor, at) => ({ ...floor, field: `${field}[${at.toString()}].level` }));
}

/** @throws AdminError `unsigned`, `bad_signature`, `not_trusted` */
function assertSigned(
  { trusted }: Desk,
  file: Interchange,
  { from, unsigned }: { readonly from?: string | undefined; readonly unsigned: boolean },
): void {
  const { signed_by: signer, metadata } = file;
  if (signer === null && unsigned) return;
  const problem = signatureProblem(file, signer ?? '');
  if (problem !== undefined) throw new AdminError(problem.code, undefined, 'file.signature');
  const isTrusted =
    from === undefined
      ? trusted.some(({ site, publicKey }) => site === metadata.site && publicKey === signer)
      : from === signer;
  if (!isTrusted)
    throw new AdminError('not_trusted', `${metadata.site} by ${String(signer)}`, 'file.signed_by');
}

/** A row that another site may sign with is no memory yet. @throws AdminError `active_elsewhere` */
function assertNotActive({ site }: Desk, { data }: Interchange): void {
  const at = data.findIndex(entry => entry.mode === 'active' && entry.site !== site);
  const active = data[at];
  if (active !== undefined)
    throw new AdminError(
      'active_elsewhere',
      `${String(active.kind)} of ${String(active.public_key_hash)} for ${String(active.site)}`,
      `file.data[${at.toString()}].mode`,
    );
}

async function importKey(
  desk: Desk,
  open: OpenStore,
  subject: KeyOfRows,
  floors: readonly KeyFloor[],
  epoch: number,
): Promise<readonly Row[]> {
  const { site } = desk;
  const holder = { site, epoch, incarnation: desk.mint(), generation: 0 };
  const kinds = floors.map(floor => floor.kind);
  const rows = await changeKey(open, subject, 'held_against_journal', before => {
    assertKnown(open.journal, before, kinds);
    if (before.some(({ mode }) => mode === 'active')) throw new AdminError('import_beside_active');
    const change = changeOf(subject, kinds, (row, key) => {
      const floor = floors.find(each => each.kind === key.kind);
      if (floor === undefined) throw new AdminError('mistake');
      return row === undefined
        ? provision(row, key, holder, floor, 'known')
        : raise(row, floor, 'imported');
    });
    return granted(change(before));
  });
  withJournal(() => open.journal.learn(rows.filter(row => kinds.includes(row.kind))));
  return rows;
}

/** The highest floor of each kind of a key. */
function floorsOf({ chainId, pkh }: KeyOfRows, floors: readonly Marked[]): readonly Marked[] {
  const ofKey = floors
    .filter(floor => floor.chainId === chainId && floor.pkh === pkh)
    .toSorted(comparePositions);
  return [...new Map(ofKey.map(floor => [floor.kind, floor])).values()];
}

function floorOfJson(floor: z.output<typeof FOREIGN_FLOOR>): KeyFloor {
  const { chain_id: chainId, public_key_hash: pkh, kind: of, level, round } = floor;
  return { chainId, pkh, kind: of, level, round } as KeyFloor;
}

function digestOf(text: string): string {
  return toHex(blake2b256(new TextEncoder().encode(text)));
}
