export { extendLease, freeze, provision, raise, type FloorOrigin } from './administer.ts';
export { ADMINISTRATION_REFUSALS } from './administration-refusals.ts';
export type { AdministrationRefusal } from './administration-refusals.ts';
export { changeOf, changeOfRows, writesOf, type Change, type KeyOfRows } from './change.ts';
export { AUTHORITIES, burn, takeOver, type Authority } from './authority.ts';
export { latch, latchKey, release, releaseKey, type Release } from './latch.ts';
