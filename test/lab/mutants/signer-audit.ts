import type { Mutant } from './mutant.ts';

type Line = readonly [why: string, find: string, replace: string];

const LINES: readonly Line[] = [
  [
    'a line is not durable when it is recorded',
    'write([[event, fields, time()]]);\n      synchronise(file);',
    'waiting.push([event, fields, time()]);',
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
  ['others may read it', 'O_RDWR | O_CREAT, 0o600', 'O_RDWR | O_CREAT, 0o644'],
];

/** The audit of a signer, broken one line at a time. */
export const SIGNER_AUDIT_MUTANTS: readonly Mutant[] = LINES.map(([why, find, replace]) => ({
  ...{ rule: '§4.6', why, file: 'audit.ts', find, replace },
}));
