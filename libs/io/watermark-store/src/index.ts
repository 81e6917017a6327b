export { STORE_ERRORS, StoreError, type StoreErrorCode } from './errors.ts';
export { memoryStore } from './memory.ts';
export { openSqliteStore, waitForSqliteStore } from './sqlite.ts';
export type { Changed, WatermarkStore } from './store.ts';
