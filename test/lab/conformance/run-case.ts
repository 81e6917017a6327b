import { readFileSync } from 'node:fs';
import type { Case, CaseFile } from './case-file.ts';
import { ACTS, aftermath, type Act, type Scene } from './drills.ts';
import { problemsWith, problemsWithAll } from './expectations.ts';
import type { Fault } from './faults.ts';
import { heldKeys } from './house.ts';
import { INVARIANTS, type Measures } from './invariants.ts';
import { Player } from './play.ts';
import type { OwnStage, Stage } from './stage.ts';
import type { StoreKind } from './stores.ts';

/** What came of a case. */
export type Outcome = {
  /** Nothing when it passed. */
  readonly problems: readonly string[];
  /** Nothing was signed and no mark moved, so that the signers are as good as new. */
  readonly leftNoTrace: boolean;
};

/** What a case is run with. */
export type Run = {
  readonly file: CaseFile;
  readonly theCase: Case;
  readonly stage: Stage;
  /** The fault, where the signers are ours. */
  readonly fault?: {
    readonly fault: Fault;
    readonly store: StoreKind;
    readonly heal?: () => Promise<void>;
  };
};

/** Plays a case, and holds what every case has to keep. */
export async function runCase(run: Run): Promise<Outcome> {
  const player = new Player(run.file, run.stage);
  try {
    return await runWith(run, player);
  } finally {
    player.close();
  }
}

async function runWith(run: Run, player: Player): Promise<Outcome> {
  const { file, theCase, stage } = run;
  const before = await measure(run, player);
  const played = await playAll(run, player, before);
  const after = played.after;
  const problems = [...played.problems];
  for (const { says, holds } of INVARIANTS) {
    if (!says.test(theCase.invariant)) continue;
    const { exchanged } = played;
    const found = await holds({ file, theCase, stage, player, exchanged, before, after });
    if (found !== undefined) problems.push(found);
  }
  problems.push(...player.strange, ...player.released.problems(Object.values(file.keys)));
  problems.push(...secretsIn(run, player));
  const isUnmoved = JSON.stringify(before.marks) === JSON.stringify(after.marks);
  const leftNoTrace = problems.length === 0 && player.released.count === 0 && isUnmoved;
  return { problems, leftNoTrace: leftNoTrace && run.fault === undefined };
}

type Part = {
  readonly problems: readonly string[];
  readonly exchanged: Player['exchanged'];
  readonly after: Measures;
};

async function playAll(run: Run, player: Player, before: Measures): Promise<Part> {
  const { file, theCase, stage, fault: given } = run;
  if (given === undefined || stage.own === undefined) {
    const problems = await playCase(run, player, before);
    return { problems, exchanged: [...player.exchanged], after: await measure(run, player) };
  }
  const { fault, store, heal } = given;
  const scene: Scene = { file, theCase, fault, player, stage: { ...stage, own: stage.own } };
  const act: Act = ACTS[fault.name];
  const end = await act.begin?.(scene, store);
  const problems: string[] = [];
  if (fault.asksAgain) problems.push(...(await firstTime(scene)));
  const from = player.exchanged.length;
  problems.push(...(act.play ? await act.play(scene) : await playCase(run, player, undefined)));
  const exchanged = player.exchanged.slice(from);
  const missed = fault.asksAgain ? undefined : await act.missed?.(scene);
  if (missed !== undefined) problems.push(missed);
  await end?.();
  await heal?.();
  problems.push(...(await aftermath(scene, act)));
  return { problems, exchanged, after: await measure(run, player) };
}

/** The request that the fault strikes, before the steps say what it gets the next time. */
async function firstTime(scene: Scene): Promise<readonly string[]> {
  const { theCase, player, fault } = scene;
  const [step] = theCase.steps ?? [];
  if (step === undefined) return ['only steps are asked again'];
  await player.ask(step.request);
  const missed = await ACTS[fault.name].missed?.(scene);
  return missed === undefined ? [] : [missed];
}

async function playCase(
  { file, theCase: { steps = [], parallel, expect } }: Run,
  player: Player,
  before: Measures | undefined,
): Promise<readonly string[]> {
  const problems: string[] = [];
  let marks = before?.marks;
  for (const [at, { request, expect: expected }] of steps.entries()) {
    const reply = await player.ask(request);
    const wrong = [...problemsWith(expected, reply)];
    if (marks !== undefined) {
      const now = await player.marks(pkhsOf(file));
      const isRefused =
        typeof reply.status === 'number' && reply.status >= 400 && reply.status < 500;
      if (isRefused && JSON.stringify(now) !== JSON.stringify(marks))
        wrong.push(`a request that was refused moved a mark: ${movedFrom(marks, now)}`);
      marks = now;
    }
    problems.push(...wrong.map(one => `step ${at + 1}: ${one}`));
  }
  if (parallel === undefined || expect === undefined) return problems;
  const requests = Array.from({ length: parallel.repeat }, () => parallel.requests).flat();
  const replies = await Promise.all(requests.map(request => player.ask(request)));
  return [...problems, ...problemsWithAll(expect, replies)];
}

function movedFrom(before: readonly string[], now: readonly string[] = []): string {
  const at = before.findIndex((mark, index) => mark !== now[index]);
  return `${before[at] ?? ''} became ${now[at] ?? 'nothing'}`;
}

function pkhsOf({ keys }: CaseFile): readonly string[] {
  return heldKeys(keys).map(({ public_key_hash: pkh }) => pkh);
}

async function measure({ file, stage }: Run, player: Player): Promise<Measures> {
  const marks = await player.marks(pkhsOf(file));
  const { own } = stage;
  if (own === undefined) return { marks, vaultCalls: undefined, residentBytes: undefined };
  const alive = own.signers().filter(({ hasEnded }) => !hasEnded());
  const calls = await Promise.all(alive.map(one => vaultCallsOf(player, one)));
  const resident = alive.map(({ process: { pid } }) => residentBytesOf(pid));
  return { marks, vaultCalls: sum(calls), residentBytes: sum(resident) };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

async function vaultCallsOf(
  player: Player,
  { operations }: ReturnType<OwnStage['signers']>[number],
): Promise<number> {
  const { body } = await player.get(operations, '/metrics');
  return sum(
    [...body.matchAll(/^\w*vault\w*_count(?:\{.*\})? (\d+)$/gm)].map(([, count]) => Number(count)),
  );
}

function residentBytesOf(pid: number): number {
  const [, kib = '0'] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1_024;
}

const SIGNATURE_CHARACTERS_MIN = 90;

/** Neither what a signer logs nor what it answers may show a secret key or an authentication. */
function secretsIn({ file, stage }: Run, player: Player): readonly string[] {
  const said = [
    ...(stage.own?.output() ?? []),
    ...player.exchanged.map(({ reply }) => JSON.stringify(reply)),
  ].join('\n');
  const authentications = player.exchanged.flatMap(({ sent }) => {
    const [, query] = sent.path.split('?');
    const value = new URLSearchParams(query).get('authentication') ?? '';
    // What is shorter is no signature, and may be named as what is wrong.
    return value.length >= SIGNATURE_CHARACTERS_MIN ? [value] : [];
  });
  const secrets = [
    ...Object.values(file.keys).map(key => ['a secret key', key.secret_key] as const),
    ...authentications.map(one => ['an authentication', one] as const),
  ];
  const shown = secrets.filter(([, secret]) => said.includes(secret));
  return [...new Set(shown.map(([what]) => `${what} is shown in the log or in an answer`))];
}
