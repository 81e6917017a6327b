import type { FaultName } from './faults.ts';
import type { House } from './house.ts';

/** What a store can be made to do while the signers of a case use it. */
export type Weather = {
  /** Connections stay and nothing answers; what ends that. */
  readonly hang: () => Promise<() => Promise<void>>;
  /** The next permission is committed and its answer lost; undefined where a drilled signer does that. */
  readonly loseAnswer: (() => void) | undefined;
  /** Nothing can be written any more; what ends that. */
  readonly fillDisk: (pids: readonly number[]) => Promise<() => Promise<void>>;
};

/** The store of one case. */
export type OpenStore = {
  /** The part of the configuration of one signer that is about the store. */
  readonly configurationOf: (replica: number) => object;
  readonly weather: Weather;
  readonly close: () => Promise<void>;
};

/** A kind of store, for all cases. */
export type StoreKind = {
  readonly name: string;
  /** What it is exactly, for people. */
  readonly version: string;
  /** How many signers can use one at once. */
  readonly replicasMax: number;
  /** Whether it hangs only from before a signer starts. */
  readonly hangsBeforeStart: boolean;
  /** Faults that cannot be brought about on it, and why. */
  readonly cannot: Readonly<Partial<Record<FaultName, string>>>;
  readonly open: (house: House, replicas: number) => Promise<OpenStore>;
  readonly close: () => Promise<void>;
};
