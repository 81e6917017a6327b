import type { Mutant } from './mutant.ts';

type Line = readonly [why: string, find: string, replace: string];

const LINES: readonly Line[] = [
  [
    'a line is not durable when it is recorded',
    'write([...keys.map(key => [`${event}.key`, key, at] as const), [event, fields, at]]);\n      synchronise(file);',
    'waiting.push(...keys.map(key => [`${event}.key`, key, at] as const), [event, fields, at]);',
  ],
  [
    'the chain begins anew after a restart',
    '{ seq: 0, prev: NO_HASH } : placeAfter(last)',
    '{ seq: 0, prev: NO_HASH } : { seq: 0, prev: NO_HASH }',
  ],
  ['what a crash left stays in the file', 'reading(() => ftruncateSync(file, whole));', ''],
  [
    'a file of somebody else is gone on with',
    "if (typeof line === 'string') throw new AuditError('broken', line);\n  return { seq: line.seq",
    "if (typeof line === 'string') return { seq: 0, prev: NO_HASH };\n  return { seq: line.seq",
  ],
  [
    'lines of somebody else are written over',
    "if (fstatSync(file).size !== length) throw new AuditError('changed');",
    '',
  ],
  [
    'lines wait without a bound',
    'if (waiting.length < WAITING_LINES_MAX)',
    'if (waiting.length >= 0)',
  ],
  ['a loss is not said', "unsaid > 0 ? [['audit.lost'", "unsaid < 0 ? [['audit.lost'"],
  [
    'an edited line passes',
    "if (hash !== hashOf(bare)) return 'it says something else than its hash';",
    '',
  ],
  ['a missing line passes', 'line.prev !== hash', 'line.prev === line.hash'],
  [
    'a line that is too long loses what would fit',
    'if (largest === undefined) return undefined;',
    'if (largest === undefined) return undefined;\n  if (cut !== undefined) return { cut_bytes: largest };',
  ],
  ['others may read it', 'O_RDWR | O_CREAT, 0o600', 'O_RDWR | O_CREAT, 0o644'],
];

const ACCOUNT_LINES: readonly Line[] = [
  ['a text of a file is written down', 'file: _,', ''],
  ['what became of a key is not written down', 'keys: keys.map(keyAccount),', ''],
  ['what was found of a key is not written down', 'use: uses.get(key) }', 'use: uses.size }'],
];

const of = (file: string, lines: readonly Line[]): readonly Mutant[] =>
  lines.map(([why, find, replace]) => ({ rule: '§4.6', why, file, find, replace }));

/** The audit of a signer, broken one line at a time. */
export const SIGNER_AUDIT_MUTANTS: readonly Mutant[] = [
  ...of('audit.ts', LINES),
  ...of('admin/account.ts', ACCOUNT_LINES),
];
