import { KEYSTORE_MUTANTS } from './keystore.ts';
import type { Mutant } from './mutant.ts';
import { SIGNER_MUTANTS } from './signer.ts';
import { WATERMARK_STORE_MUTANTS } from './watermark-store.ts';
import { WATERMARK_INTERCHANGE_MUTANTS } from './watermark-interchange.ts';
import { WATERMARK_MUTANTS } from './watermark.ts';

/** A project that is broken on purpose. */
export type Subject = {
  /** What it is called on the command line. */
  readonly name: string;
  /** From the repository's root. */
  readonly folder: string;
  readonly mutants: readonly Mutant[];
  /**
   * Below `src`: the test files that are likely to notice, for source files without a test of their own name. They are
   * run first, and all others only on what they let pass, so that no verdict depends on this.
   */
  readonly concerns: Readonly<Record<string, readonly string[]>>;
};

/** All that `npm run mutants` breaks. */
export const SUBJECTS: readonly Subject[] = [
  {
    name: 'watermark',
    folder: 'libs/core/watermark',
    mutants: [...WATERMARK_MUTANTS, ...WATERMARK_INTERCHANGE_MUTANTS],
    concerns: {
      'row.ts': ['advance.test.ts'],
      'floor.ts': ['administer.test.ts'],
      'interchange/file.ts': ['interchange.test.ts'],
      'interchange/fields.ts': ['interchange.test.ts'],
    },
  },
  {
    name: 'watermark-store',
    folder: 'libs/io/watermark-store',
    mutants: WATERMARK_STORE_MUTANTS,
    concerns: {
      'store.ts': ['group.test.ts'],
      'memory.ts': ['rows.test.ts'],
      'sqlite-rows.ts': ['rows.test.ts', 'journal.test.ts'],
      'sqlite-file.ts': ['sqlite-file.test.ts', 'sqlite.test.ts', 'folder.test.ts'],
      'sqlite-journal.ts': ['journal.test.ts', 'journaled.test.ts'],
      'errors.ts': ['group.test.ts'],
      'sql.ts': ['sql.test.ts', 'sql-faults.test.ts'],
      'sql-asking.ts': ['sql-faults.test.ts'],
      'sql-statements.ts': ['contract.test.ts'],
    },
  },
  {
    name: 'signer',
    folder: 'apps/signer',
    mutants: SIGNER_MUTANTS,
    concerns: {
      'sign.ts': ['sign.test.ts', 'memory.test.ts', 'waiting.test.ts'],
      'vault.ts': ['sign.test.ts', 'waiting.test.ts', 'memory.test.ts'],
      'doubts.ts': ['doubts.test.ts', 'patrol.test.ts', 'memory.test.ts'],
      'answer.ts': ['answer.test.ts', 'signer.test.ts'],
      'marks.ts': ['signer.test.ts'],
      'http.ts': ['http.test.ts', 'signer.test.ts'],
      'body.ts': ['http.test.ts', 'signer.test.ts'],
      'http-server.ts': ['http.test.ts'],
      'audit/line.ts': ['audit.test.ts'],
      'audit/tail.ts': ['audit/power-cut.test.ts', 'audit.test.ts'],
      'audit/set-aside.ts': ['audit/set-aside.test.ts', 'audit/power-cut.test.ts'],
      'audit/file.ts': ['audit/set-aside.test.ts'],
      'audit/verify.ts': ['audit/power-cut.test.ts', 'audit.test.ts'],
      'admin/evidence.ts': ['admin/init.test.ts', 'admin/latches.test.ts'],
      'admin/adopt.ts': ['admin/latches.test.ts'],
      'admin/arguments.ts': ['admin/actions.test.ts', 'admin/far.test.ts'],
      'admin/init.ts': ['admin/init.test.ts', 'admin/far.test.ts'],
      'admin/latches.ts': ['admin/latches.test.ts', 'admin/far.test.ts'],
      'admin/activate.ts': ['admin/activate.test.ts', 'admin/far.test.ts'],
      'admin/raise.ts': ['admin/actions.test.ts', 'admin/far.test.ts'],
      'admin/account.ts': ['admin/actions.test.ts'],
      'admin/desk.ts': ['admin/actions.test.ts'],
      'admin/statement.ts': ['admin/activate.test.ts'],
      'admin/look-for-use.ts': ['admin/look-for-use.test.ts', 'cli.test.ts'],
      'admin/ask-nodes.ts': ['cli.test.ts'],
    },
  },
  {
    name: 'keystore',
    folder: 'libs/io/keystore',
    mutants: KEYSTORE_MUTANTS,
    concerns: { 'software.ts': ['keystore.test.ts'], 'encrypted.ts': ['keystore.test.ts'] },
  },
];
