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
    'last === undefined ? FIRST_PLACE : placeAfter(last)',
    'last === undefined ? FIRST_PLACE : FIRST_PLACE',
  ],
  ['a damaged end is gone on with', 'if (tail.damage !== undefined) {', 'if (tail.bytes < 0) {'],
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
  ['a link is taken for the file', 'realpathSync(path)', '(realpathSync(path), path)'],
  ['others may read it', 'O_RDWR | O_CREAT, 0o600', 'O_RDWR | O_CREAT, 0o644'],
];

const LINE_LINES: readonly Line[] = [
  [
    'an edited line passes',
    "if (hash !== hashOf(bare)) return 'it says something else than its hash';",
    '',
  ],
  ['a missing line passes', 'line.prev !== place.prev', 'line.prev === line.hash'],
  [
    'a line that is too long loses what would fit',
    'if (largest === undefined) return undefined;',
    'if (largest === undefined) return undefined;\n  if (cut !== undefined) return { cut_bytes: largest };',
  ],
];

const TAIL_LINES: readonly Line[] = [
  [
    'a torn end passes',
    "damage: rest === '' ? undefined : 'its end is missing' };",
    'damage: rest.length < 0 ? rest : undefined };',
  ],
  [
    'a file of somebody else is set aside',
    "if (!isPiece && !first.startsWith('\\0')) throw new AuditError('broken', why);",
    "if (!isPiece && first.startsWith('\\0')) throw new AuditError('broken', why);",
  ],
  [
    'a file of ours is refused for what somebody wrote before it',
    'if (damage !== undefined && !hasLine(text))',
    "if (damage !== undefined && (text !== '' || !hasLine(text)))",
  ],
  [
    'a file without a line near its end is gone on with',
    "(hasNone ? 'it has no line' : undefined)",
    '(hasNone ? undefined : undefined)',
  ],
  [
    'a good line is looked for near the end alone',
    'found.last !== undefined || from === 0 ||',
    'size > 0 || from === 0 ||',
  ],
];

const SET_ASIDE_LINES: readonly Line[] = [
  ['a new audit is in its place before it is durable', '    fdatasyncSync(file);\n', ''],
  ['what is damaged may change after its digest was taken', '    fdatasyncSync(damaged);\n', ''],
  [
    'a damaged file has one durable name alone, which another one takes',
    '      synchroniseFolder(path);\n      const told',
    '      const told',
  ],
  [
    'a first line that is not there passes',
    'if (last === undefined || damage !== undefined) throw',
    'if (last === undefined && damage !== undefined) throw',
  ],
  ['a try that failed leaves a name', 'if (isThere(path, damaged)) removed(aside);', ''],
  [
    'a damaged file loses its name to the one in its place',
    'if (isThere(path, damaged)) removed(aside);',
    'removed(aside);',
  ],
  ['a try that failed leaves a file', 'if (isThere(next, file)) removed(next);', ''],
  ['a new audit is for whoever made it', '    allowedAs(file, damaged);\n', ''],
  [
    'what is damaged has no other name when the new audit takes its place',
    'linkSync(path, name);',
    'if (tried > 0) linkSync(path, name);',
  ],
  ['the first line does not say how much is good', 'last.seq + 1, hash:', 'last.seq, hash:'],
];

const FILE_LINES: readonly Line[] = [
  ['a piece passes for a line', '    at += written;\n', '    at = bytes.length;\n'],
];

const LASTING_LINES: readonly Line[] = [
  [
    'a signer does not start without a disk for its audit',
    "if (!(error instanceof AuditError) || error.code === 'broken') {",
    'if (error instanceof Error) {',
  ],
  [
    'a wrong file is tried for ever',
    "if (!(error instanceof AuditError) || error.code === 'broken') {",
    'if (!(error instanceof AuditError)) {',
  ],
  [
    'lines that found no file are not counted',
    'if (audit === undefined) lost += 1;',
    'if (audit === undefined) lost += 0;',
  ],
  [
    'a loss before the file was there is not said',
    'openAudit(path, now, lost)',
    'openAudit(path, now)',
  ],
  [
    'a file is tried again when it is asked for alone',
    'setInterval(tryAgain, TRY_AGAIN_MS)',
    'setInterval(() => void tryAgain, TRY_AGAIN_MS)',
  ],
  [
    'what has to be recorded is lost where there is no file',
    'opened().record(event, fields, keys)',
    'audit?.record(event, fields, keys)',
  ],
];

const VERIFY_LINES: readonly Line[] = [
  [
    'a line without its end passes',
    "return verdict(rest === '' ? undefined : 'its end is missing');",
    'return verdict();',
  ],
  [
    'a file that was changed after it was set aside passes',
    'sha256 !== undefined && sha256 !== hashOfFile',
    'sha256 === undefined && sha256 !== hashOfFile',
  ],
];

const ACCOUNT_LINES: readonly Line[] = [
  ['a text of a file is written down', 'file: _,', ''],
  ['what became of a key is not written down', 'keys: keys.map(keyAccount),', ''],
  ['what was found of a key is not written down', 'use: uses.get(key) }', 'use: uses.size }'],
  [
    'of two looks for a key one alone is written down',
    'use: uses.get(key) }',
    'use: uses.get(key)?.slice(0, 1) }',
  ],
];

const of = (file: string, lines: readonly Line[]): readonly Mutant[] =>
  lines.map(([why, find, replace]) => ({ rule: '§4.6', why, file, find, replace }));

/** The audit of a signer, broken one line at a time. */
export const SIGNER_AUDIT_MUTANTS: readonly Mutant[] = [
  ...of('audit.ts', LINES),
  ...of('audit/line.ts', LINE_LINES),
  ...of('audit/tail.ts', TAIL_LINES),
  ...of('audit/set-aside.ts', SET_ASIDE_LINES),
  ...of('audit/file.ts', FILE_LINES),
  ...of('audit/lasting.ts', LASTING_LINES),
  ...of('audit/verify.ts', VERIFY_LINES),
  ...of('admin/account.ts', ACCOUNT_LINES),
];
