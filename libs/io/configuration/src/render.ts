import { configurationKeys } from '@meridian/service/schema';
import { CONFIGURATIONS, type Configured } from './tables.ts';

/** A value that a configuration file can hold. */
type Value =
  string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

/** Room for a comment on a line, without its mark. */
const COMMENT_COLUMNS_MAX = 98;

/**
 * The text of a configuration file: every key of the daemon with its description, the values given here, and the
 * default of each other key behind a comment mark. What it gives is meant to be read back with `readFileOf`: nothing is
 * checked here.
 */
export function commentedFile(app: Configured, values: Readonly<Record<string, unknown>>): string {
  const heads = [
    `Configuration of meridian-${app}. A key behind a comment mark has its default;`,
    'every key can be overridden by the variable that is named with it.',
  ];
  const lines = heads.map(line => `# ${line}`);
  const written = new Set<string>();
  for (const key of configurationKeys(app, CONFIGURATIONS[app])) {
    const path = key.path.split('.');
    const [table = '', inner] = path;
    const isGiven = valueAt(values, path) !== undefined;
    const margin = inner === undefined ? '' : '  ';
    if (!written.has(table)) {
      lines.push('');
      written.add(table);
      // A table's own line is a comment as long as nothing in it is given.
      if (inner !== undefined)
        lines.push(values[table] === undefined ? `# ${table}:` : `${table}:`);
    }
    const isCommentedTable = inner !== undefined && values[table] === undefined;
    const mark = isCommentedTable ? '# ' : '';
    const comment = `${key.description} (${key.variable})`;
    lines.push(...wrapped(comment).map(line => `${mark}${margin}# ${line}`));
    const value = isGiven ? valueAt(values, path) : defaultOf(key.byDefault);
    const text = pair(path.at(-1) ?? '', value as Value);
    const off = isGiven || isCommentedTable ? '' : '# ';
    lines.push(...text.map(line => `${mark}${margin}${off}${line}`.trimEnd()));
  }
  return `${lines.join('\n')}\n`;
}

function defaultOf(text: string | undefined): unknown {
  return text === undefined ? null : JSON.parse(text);
}

function valueAt(values: unknown, [first, ...rest]: readonly string[]): unknown {
  if (first === undefined) return values;
  if (typeof values !== 'object' || values === null) return undefined;
  return valueAt((values as Record<string, unknown>)[first], rest);
}

/** `key: value`, a list or a table below its key; a key without a value has nothing behind its colon. */
function pair(key: string, value: Value): readonly string[] {
  if (value === null) return [`${key}:`];
  if (typeof value !== 'object') return [`${key}: ${scalar(value)}`];
  if (Array.isArray(value)) {
    if (value.length === 0) return [`${key}: []`];
    return [`${key}:`, ...(value as readonly Value[]).flatMap(item)];
  }
  return [`${key}:`, ...fields(value).map(line => `  ${line}`)];
}

function item(value: Value): readonly string[] {
  if (value === null || typeof value !== 'object') return [`  - ${scalar(value)}`];
  const lines = Array.isArray(value) ? [JSON.stringify(value)] : fields(value);
  return lines.map((line, at) => (at === 0 ? `  - ${line}` : `    ${line}`));
}

function fields(table: object): readonly string[] {
  return Object.entries(table).flatMap(([key, value]) => pair(key, value as Value));
}

/** Words that need no quotation marks in any version of YAML; all else is JSON, which is YAML too. */
const PLAIN = /^(?:https?:\/\/[\w.:/-]*\w|\/[\w./-]*\w|[A-Za-z][\w.-]*\w)$/;
/** What older readers take for a truth value, or for nothing. */
const RESERVED = /^(?:true|false|yes|no|on|off|null|nan|y|n)$/i;

function scalar(value: string | number | boolean | null): string {
  const isPlain = typeof value === 'string' && PLAIN.test(value) && !RESERVED.test(value);
  return isPlain ? value : JSON.stringify(value);
}

function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length > COMMENT_COLUMNS_MAX && line !== '') {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}
