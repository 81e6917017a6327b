export { canonicalBytes, canonicalJson, type Json } from './interchange/canonical.ts';
export {
  ENTRIES_MAX,
  FILE_BYTES_MAX,
  interchangeBytes,
  interchangeOf,
  readInterchange,
  signatureProblem,
  signInterchange,
} from './interchange/file.ts';
export type { Interchange, InterchangeEntry, InterchangeMetadata } from './interchange/file.ts';
export {
  interchangeFloors,
  OCTEZ_SIGNER_FILES,
  octezBakerFloors,
  octezSignerFloors,
  signatoryFloors,
  signatoryTableFloors,
} from './interchange/floors.ts';
export type { ForeignFile, KeyFloor } from './interchange/floors.ts';
export { INTERCHANGE_PROBLEMS } from './interchange/problems.ts';
export type { InterchangeProblem, InterchangeProblemCode } from './interchange/problems.ts';
