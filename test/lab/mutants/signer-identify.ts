import type { Mutant } from './mutant.ts';

const IDENTIFY = 'cli/identify.ts';

/** How an operator's word about the server of a database is taken, broken one line at a time. */
export const SIGNER_IDENTIFY_MUTANTS: readonly Mutant[] = [
  {
    rule: 8,
    why: 'a server that an operator took is forgotten',
    file: IDENTIFY,
    find: 'journal.setServer(JSON.stringify(session));',
    replace: 'void journal;',
  },
  {
    rule: 8,
    why: 'what the journal knows of the server before does not count',
    file: IDENTIFY,
    find: 'open({ replaces, ...(known && { known }) })',
    replace: 'open({ replaces, ...(known && {}) })',
  },
  {
    rule: 8,
    why: 'a server is taken though the database may not be told',
    file: IDENTIFY,
    find: "isWritten('refused', { code: codeOf(error) });\n      throw error;",
    replace: "isWritten('refused', { code: codeOf(error) });\n      return 0;",
  },
  {
    rule: 10,
    why: 'a copy of a database signs as soon as its server is taken',
    file: IDENTIFY,
    find: 'replaceIdentity(database, replaces, latchAllRows)',
    replace: 'replaceIdentity(database, replaces, () => latchAllRows(() => Promise.resolve([])))',
  },
  {
    rule: 10,
    why: 'a server is taken and no name is written down',
    file: IDENTIFY,
    find: 'if (audit !== undefined) return audit;',
    replace: "if (audit !== null) return audit ?? '/dev/null';",
  },
  {
    rule: 8,
    why: 'a server is remembered through a connection that is held against nothing',
    file: IDENTIFY,
    find: 'open({ known: admitted })',
    replace: 'open({ admitted })',
  },
  {
    rule: 8,
    why: 'a server is remembered that does not say which one it is',
    file: IDENTIFY,
    find: 'if (system === to && recordedSystem === to) return;',
    replace: 'if (recordedSystem === to) return;',
  },
  {
    rule: 8,
    why: 'a server is taken and nobody stood for it',
    file: IDENTIFY,
    find: "    write('asked', {});\n",
    replace: '',
  },
  {
    rule: 10,
    why: 'a full disk passes for a server that was not taken',
    file: IDENTIFY,
    find: 'if (error instanceof AuditError) return false;',
    replace: '',
  },
  {
    rule: 8,
    why: 'a timeline that an operator took is refused by the command alone',
    file: IDENTIFY,
    find: '    ...(timeline === undefined ? {} : { timeline }),\n',
    replace: '',
  },
];
