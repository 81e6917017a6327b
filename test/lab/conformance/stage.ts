import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Drill } from './drill.ts';
import type { House } from './house.ts';
import { startSigner, type Signer } from './signer-process.ts';
import type { OpenStore, StoreKind } from './stores.ts';

/** What a case is played against. */
export type Stage = {
  /** Where the next request goes; signers in turn, and one that was killed is started again before. */
  readonly next: () => Promise<string>;
  readonly urls: () => readonly string[];
  /** What is known of our own signers alone; undefined against a foreign one. */
  readonly own: OwnStage | undefined;
};

/** What can be looked at and done where the signers are ours. */
export type OwnStage = {
  readonly signers: () => readonly Signer[];
  readonly weather: OpenStore['weather'];
  /** Ends a signer at once and starts it as it is, without a drill unless one is given. */
  readonly restart: (at: number, drill?: Drill) => Promise<void>;
  /** Whether a signer was found dead, and started again. */
  readonly hasDied: () => boolean;
  /** Everything that any process of the case has said. */
  readonly output: () => readonly string[];
};

/** The signers of one case, or of several that leave no trace. */
export type OwnHouse = Stage & {
  readonly own: OwnStage;
  readonly close: () => Promise<void>;
};

/** What is to be started. */
export type Wish = {
  readonly house: House;
  readonly store: StoreKind;
  readonly replicas: number;
  /** Of the first signer alone. */
  readonly drill?: Drill;
  /** The store hangs from before the signers start; it is told how to end that. */
  readonly hangsFirst?: (heal: () => Promise<void>) => void;
};

/** Starts the signers of a case on a store of their own. Whatever is started is stopped if that fails. */
export async function setStage({
  house,
  store: kind,
  replicas,
  drill,
  hangsFirst,
}: Wish): Promise<OwnHouse> {
  const count = Math.min(replicas, kind.replicasMax);
  const store = await kind.open(house, count);
  const files = Array.from({ length: count }, (_, at) => {
    const file = join(house.folder, `signer${at + 1}.yaml`);
    const configuration = { ...house.configuration, ...store.configurationOf(at) };
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(configuration));
    return file;
  });
  const signers: Signer[] = [];
  const gone: string[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(signers.map(({ process: { stop } }) => stop()));
    await store.close();
    house.remove();
  };
  try {
    if (hangsFirst !== undefined) hangsFirst(await store.weather.hang());
    const started = files.map((file, at) => startSigner(file, at === 0 ? drill : undefined));
    await Promise.allSettled(started);
    for (const one of started) signers.push(await one);
    if (hangsFirst === undefined) await Promise.all(signers.map(untilDecided));
  } catch (error) {
    await close();
    throw error;
  }
  const restart = async (at: number, then?: Drill): Promise<void> => {
    const [before, file] = [signers[at], files[at]];
    if (before === undefined || file === undefined) return;
    await before.process.kill();
    gone.push(...before.process.output());
    signers[at] = await startSigner(file, then);
    await untilDecided(signers[at]);
  };
  let [turn, hasDied] = [0, false];
  return {
    next: async () => {
      const at = turn % count;
      turn += 1;
      if (signers[at]?.hasEnded() === true) {
        hasDied = true;
        await restart(at);
      }
      return signers[at]?.url ?? '';
    },
    urls: () => signers.map(({ url }) => url),
    own: {
      ...{ signers: () => signers, weather: store.weather, restart },
      hasDied: () => hasDied,
      output: () => [...gone, ...signers.flatMap(({ process: { output } }) => output())],
    },
    close,
  };
}

const DECIDED_MAX_MS = 20_000;
const LOOK_EVERY_MS = 20;

/** Waits until a signer has its store, or says that it will not: rows that nobody set up keep it from being ready. */
async function untilDecided({ operations, hasEnded }: Signer): Promise<void> {
  const end = performance.now() + DECIDED_MAX_MS;
  while (performance.now() < end && !hasEnded()) {
    const holds = await fetch(`${operations}/status`)
      .then(answer => answer.json() as Promise<{ readonly holdsStore?: boolean }>)
      .catch(() => ({ holdsStore: false }));
    if (holds.holdsStore === true) return;
    await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw new Error('a signer did not get its store in time');
}
