export { MAY_ASK_AGAIN } from './classify.ts';
export { openDatabase } from './database.ts';
export type { Database, Limit, Parameter, Query } from './database.ts';
export { DATABASE_ERRORS, DatabaseError, type DatabaseErrorCode } from './errors.ts';
export { provisionIdentity, replaceIdentity } from './identity.ts';
export { assertSchema, migrate } from './migrations.ts';
export { ISOLATIONS, TIMEOUTS, type DatabaseOptions, type Timeouts } from './options.ts';
export type { Fields, Session } from './session.ts';
export { pause, timeIn, type Time } from './time.ts';
