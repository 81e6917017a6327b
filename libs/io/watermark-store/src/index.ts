export { STORE_ERRORS, StoreError, type StoreErrorCode } from './errors.ts';
export { JOURNAL_DELAY_MS, memoryJournal, type Journal, type KeptJournal } from './journal.ts';
export type { Finding, JournaledStore } from './journaled.ts';
export { memoryStore } from './memory.ts';
export { openJournal } from './sqlite-journal.ts';
export { SQL_MIGRATIONS } from './sql-schema.ts';
export { openSqlStore, type SqlStoreOptions } from './sql.ts';
export { openSqliteStore, waitForJournal, waitForSqliteStore } from './sqlite.ts';
export type { Changed, WatermarkStore } from './store.ts';
