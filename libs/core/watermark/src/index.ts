export { advance, refusalOf, storeRefusal, type Known, type Permission } from './advance.ts';
export { continuationRefusal } from './continuation.ts';
export { horizonEnd, withinHorizon, type Horizon } from './horizon.ts';
export { REFUSALS } from './refusals.ts';
export type { Refusal, RefusalClass, RefusalCode, RefusalFacts } from './refusals.ts';
export { signRequest, type SignRequest } from './request.ts';
export {
  comparePositions,
  HISTORIES,
  KINDS,
  mayWrite,
  MODES,
  NO_MAX_LEVEL,
  rowName,
} from './row.ts';
export type { History, Holder, Kind, Mark, Mode, Position, Row, RowKey } from './row.ts';
export { seal } from './seal.ts';
