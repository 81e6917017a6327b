import { readFileSync, statSync } from 'node:fs';
import { readConfiguration, z } from '@meridian/service/schema';
import { FILE_BYTES_MAX } from '@meridian/watermark/interchange';

/** The command line is wrong, or what it names cannot be read. */
export class MisuseError extends Error {
  override readonly name = 'MisuseError';
}

/** Options by their names in camel case, as they were given. */
export type Options = Readonly<Record<string, unknown>>;

/** A flag as commander writes it, and what it means. */
export type Flag = readonly [flags: string, meaning: string];

const CHAIN_FLAG: Flag = ['--chain <ID>', 'the chain, where the signer has several'];

export const SUBJECT_FLAGS: readonly Flag[] = [
  CHAIN_FLAG,
  ['--key <ADDRESS...>', 'a key; may be repeated (default: all keys of the signer)'],
];

/** In place of {@link SUBJECT_FLAGS} where rows are changed. */
export const CHOICE_FLAGS: readonly Flag[] = [
  CHAIN_FLAG,
  ['--key <ADDRESS...>', 'a key; may be repeated'],
  ['--all', 'in place of --key: all keys of the signer'],
];

export const KIND_FLAG: Flag = [
  '--kind <KIND...>',
  'block, preattestation or attestation; may be repeated (default: all)',
];

export const BY_FLAG: Flag = ['--by <NAME>', 'who stands for this; it is written into the audit'];

export const NODE_FLAGS: readonly Flag[] = [
  ['--node <URL...>', 'an edge node to ask; may be repeated'],
  ['--quorum <NUMBER>', 'how many nodes have to agree (default: more than half)'],
  ['--slack <LEVELS>', 'levels above the line of the horizon, for clocks that differ (default: 5)'],
];

export const FLOOR_FLAGS: readonly Flag[] = [
  ['--level <LEVEL>', 'the level of the floor'],
  ['--round <ROUND>', 'its round (default: 0)'],
];

/** Where a floor is given to rows. */
export const FAR_FLAG: Flag = [
  '--far',
  'take a floor that lies more than a day above the horizon, or an epoch that skips many; it never falls again',
];

export const JSON_FLAG: Flag = ['--json', 'print one JSON object as the last line'];

/** How the signer is reached. */
export const SOCKET_FLAGS: readonly Flag[] = [
  ['--socket <PATH>', 'the socket of the signer'],
  ['--config <FILE>', "instead of --socket: the signer's configuration, which names it"],
  JSON_FLAG,
];

/** The text of an option; undefined when it was not given. */
export function wordOf(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** The texts of an option that may be repeated; undefined when it was not given. */
export function wordsOf(options: Options, name: string): readonly string[] | undefined {
  const value = options[name];
  return Array.isArray(value) ? value.map(String) : undefined;
}

const WHOLE_MAX = Number.MAX_SAFE_INTEGER;

/** A whole number. @throws MisuseError */
export function numberOf(options: Options, name: string): number | undefined {
  const text = wordOf(options, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (value <= WHOLE_MAX) return value;
  const flag = name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
  throw new MisuseError(`--${flag}: a whole number is expected`);
}

/** What an option must be given for. @throws MisuseError */
export function needed<Value>(value: Value | undefined, flag: string): Value {
  if (value === undefined) throw new MisuseError(`${flag} is missing`);
  return value;
}

/** The rows' keys that a command is about. */
export function subjectOf(options: Options): object {
  return defined({ chain: wordOf(options, 'chain'), keys: wordsOf(options, 'key') });
}

/** The same where rows are changed: never all keys because none was named. @throws MisuseError */
export function choiceOf(options: Options): object {
  const isAll = options['all'] === true;
  if (isAll === (wordsOf(options, 'key') !== undefined))
    throw new MisuseError('either --key ADDRESS (which may be repeated) or --all is expected');
  return { ...subjectOf(options), ...(isAll ? { all: true } : {}) };
}

/** The floor that is named, if one is. @throws MisuseError */
export function floorOf(options: Options): object | undefined {
  const [level, round] = [numberOf(options, 'level'), numberOf(options, 'round')];
  if (level === undefined && round !== undefined) throw new MisuseError('--level is missing');
  return level === undefined ? undefined : defined({ level, round });
}

/** The word for a floor that is meant to be far, if it is said. */
export function farOf(options: Options): object {
  return options['far'] === true ? { far: true } : {};
}

/** An object without what is undefined. */
export function defined(values: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** The text of a file of a bounded size. @throws MisuseError */
export function textOfFile(path: string): string {
  try {
    if (statSync(path).size > FILE_BYTES_MAX) throw new Error('it is too large');
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new MisuseError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The key `admin` of a signer's configuration, whatever else is in it. */
const ADMIN_KEY = z.looseObject({ admin: z.string().min(1) });
const ADMIN_VARIABLE = 'MERIDIAN_SIGNER_ADMIN';

/** The socket that is asked. @throws MisuseError */
export function socketOf(options: Options): string {
  const socket = wordOf(options, 'socket');
  if (socket !== undefined) return socket;
  const config = needed(wordOf(options, 'config'), '--socket or --config');
  const read = readConfiguration({
    app: 'signer',
    schema: ADMIN_KEY,
    text: textOfFile(config),
    env: { [ADMIN_VARIABLE]: process.env[ADMIN_VARIABLE] },
  });
  if (!read.ok) throw new MisuseError(`${config}: ${read.error.join('; ')}`);
  return read.value.admin;
}
