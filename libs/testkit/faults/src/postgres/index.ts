export { FAULTS_ERRORS, FaultsError, type FaultsErrorCode } from '../errors.ts';
export { describeWithPostgres } from './describe.ts';
export { startPostgres, startStandby, type Postgres, type PostgresOptions } from './postgres.ts';
export { postgresPrograms, type Programs } from './programs.ts';
