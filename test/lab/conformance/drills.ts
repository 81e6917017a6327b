import type { Case } from './case-file.ts';
import type { Drill } from './drill.ts';
import { problemsWith } from './expectations.ts';
import type { Reply } from './exchange.ts';
import type { Fault, FaultName } from './faults.ts';
import { sentOf, signedBy, type Player } from './play.ts';
import type { OwnStage, Stage } from './stage.ts';
import type { StoreKind } from './stores.ts';
import { conflictingWith, subjectOf } from './subject.ts';
import type { CaseFile } from './case-file.ts';

/** What a fault is played with. */
export type Scene = {
  readonly file: CaseFile;
  readonly theCase: Case;
  readonly fault: Fault;
  readonly stage: Stage & { readonly own: OwnStage };
  readonly player: Player;
};

/** How a fault is brought about. */
export type Act = {
  /** What the first signer is drilled with. */
  readonly drill?: (store: StoreKind) => Drill | undefined;
  /** Once the signers run; what ends it is done before anything is asked again. */
  readonly begin?: (scene: Scene, store: StoreKind) => Promise<() => Promise<void>>;
  /** In the place of the steps. */
  readonly play?: (scene: Scene) => Promise<readonly string[]>;
  /** Why it did not come about; undefined when it did. */
  readonly missed?: (scene: Scene) => Promise<string | undefined>;
  /** What was asked for is durable, whatever came back. */
  readonly isDurable: boolean;
};

const nothing = (): Promise<void> => Promise.resolve();

/** How long the vault goes on once the process was told to end: long enough to look at it, short enough to be waited for. */
const VAULT_AFTER_END_MS = 400;

/** How long the end of a process may take to be told. */
const END_MAX_MS = 5_000;

function notKilled({ stage: { own } }: Scene): Promise<string | undefined> {
  if (own.hasDied()) return Promise.resolve(undefined);
  const late = new Promise<string>(resolve => {
    setTimeout(() => resolve('no signer was killed'), END_MAX_MS).unref();
  });
  return Promise.race([
    late,
    ...own.signers().map(({ process }) => process.ended.then(() => undefined)),
  ]);
}

/** What each fault is, whichever store there is. */
export const ACTS: Readonly<Record<FaultName, Act>> = {
  database_hangs: {
    begin: ({ stage: { own } }, { hangsBeforeStart }) =>
      // Where a store hangs only from before the start, it does so already.
      hangsBeforeStart ? Promise.resolve(nothing) : own.weather.hang(),
    isDurable: false,
  },
  answer_lost: {
    drill: ({ hangsBeforeStart }) => (hangsBeforeStart ? { answersLost: 1 } : undefined),
    begin: ({ stage: { own } }) => {
      own.weather.loseAnswer?.();
      return Promise.resolve(nothing);
    },
    isDurable: true,
  },
  vault_fails: { drill: () => ({ vaultErrors: 1 }), isDurable: true },
  killed_after_commit: {
    drill: () => ({ haltAt: 'store.advance.after' }),
    missed: notKilled,
    isDurable: true,
  },
  killed_before_seal: {
    drill: () => ({ haltAt: 'keystore.sign.after' }),
    missed: notKilled,
    isDurable: true,
  },
  disk_full: {
    begin: async ({ stage: { own } }) => {
      const pids = own.signers().map(({ process: { pid } }) => pid);
      const heal = await own.weather.fillDisk(pids);
      return async () => {
        await heal();
        for (const at of own.signers().keys()) await own.restart(at);
      };
    },
    isDurable: false,
  },
  told_to_end: {
    drill: () => ({ vaultWaitsForEndMs: VAULT_AFTER_END_MS }),
    play: endUnderWay,
    isDurable: false,
  },
};

/** Tells a signer to end while requests are under way; each has to be answered, and readiness is gone before. */
async function endUnderWay(scene: Scene): Promise<readonly string[]> {
  const { file, theCase, fault, stage, player } = scene;
  const [signer] = stage.own.signers();
  if (signer === undefined) return ['there is no signer'];
  const steps = theCase.steps ?? [];
  const underWay = Array.from({ length: fault.requests }, async (_, at) => {
    const step = steps[at % steps.length];
    if (step === undefined) return [];
    const reply = await player.send(signer.url, sentOf(step.request, file));
    return problemsWith(step.expect, reply);
  });
  await untilTaken(player, signer.url);
  const before = player.exchanged.length;
  signer.tellToEnd();
  const ready = await readinessAfter(player, signer.operations);
  const answeredFirst = player.exchanged.length > before;
  const problems = (await Promise.all(underWay)).flat();
  await signer.process.ended;
  const late = ready === 503 && !answeredFirst ? [] : [`readiness was not false first (${ready})`];
  return [...new Set(problems), ...late];
}

/** A request that came later was answered, so those before it were read. */
async function untilTaken(player: Player, url: string): Promise<void> {
  for (let times = 0; times < TIMES; times += 1) await player.get(url, '/authorized_keys');
}

const TIMES = 3;

/** The first status of readiness that is not good. */
async function readinessAfter(player: Player, operations: string): Promise<Reply['status']> {
  for (;;) {
    const { status } = await player.get(operations, '/readyz');
    if (status !== 200) return status;
  }
}

/**
 * What is asked for once the fault is over: the same bytes, which get a signature unless they are a block that may
 * have been signed, and others for the same level and round, which never do once the first are durable.
 */
export async function aftermath(scene: Scene, { isDurable }: Act): Promise<readonly string[]> {
  const { file, theCase, player } = scene;
  const [request] = [
    ...(theCase.steps ?? []).map(step => step.request),
    ...(theCase.parallel?.requests ?? []),
  ];
  const signed = request && signedBy(sentOf(request, file));
  const subject = signed && subjectOf(signed.bytes);
  if (request === undefined || signed === undefined || subject === undefined) return [];
  const query = /\?.*$/.exec(request.path)?.[0] ?? '';
  const identical = (): Promise<Reply> =>
    untilDecided(() => player.sign(signed.pkh, signed.bytes, query));
  // An authentication is over the first bytes, so other ones are not let in under it; that is no matter of marks.
  const other = (): Promise<Reply> =>
    untilDecided(() => player.sign(signed.pkh, conflictingWith(signed.bytes), query));
  const refused = theCase.config.require_authentication ? [401, 403, 500] : [409];
  const again = subject.kind === 'block' ? [200, 409, 503] : [200];
  const asked: [string, () => Promise<Reply>, readonly number[]][] = [
    ['the same bytes', identical, again],
    ['other bytes', other, refused],
  ];
  if (isDurable || player.released.has(signed.pkh, signed.bytes))
    asked.unshift(['other bytes', other, refused]);
  const problems: string[] = [];
  for (const [what, ask, expected] of asked) {
    const { status, body } = await ask();
    if (!expected.includes(status as number))
      problems.push(
        `after the fault, ${what} get ${status}, not ${expected.join(' or ')} (${body})`,
      );
  }
  return problems;
}

const DECIDED_MAX_MS = 15_000;
const ASK_EVERY_MS = 50;

/** Asks until a signer decides: one that has no store yet says so. */
async function untilDecided(ask: () => Promise<Reply>): Promise<Reply> {
  const end = performance.now() + DECIDED_MAX_MS;
  for (;;) {
    const reply = await ask();
    const isDecided = typeof reply.status === 'number' && reply.status !== 503;
    if (isDecided || performance.now() > end) return reply;
    await new Promise(resolve => setTimeout(resolve, ASK_EVERY_MS));
  }
}
