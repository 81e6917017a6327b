import type { Case, CaseFile } from './case-file.ts';
import { ACTS, type Act } from './drills.ts';
import { recognise, type Fault } from './faults.ts';
import { furnish } from './house.ts';
import type { Profile } from './profiles.ts';
import { adapted, whySkipped } from './profiles.ts';
import { runCase } from './run-case.ts';
import { setStage, type OwnHouse } from './stage.ts';
import type { StoreKind } from './stores.ts';

/** What came of a file of cases. */
export type Report = {
  readonly cases: number;
  readonly passed: number;
  readonly failed: readonly { readonly id: string; readonly why: string }[];
  readonly skipped: readonly { readonly id: string; readonly why: string }[];
  /** Cases that failed as the profile of a foreign signer says they do. */
  readonly expected: readonly { readonly id: string; readonly why: string }[];
};

/** Told of each case as it ends. */
export type Tell = (id: string, outcome: 'passed' | 'failed' | 'skipped', why?: string) => void;

type Verdict = {
  readonly id: string;
  readonly outcome: 'passed' | 'failed' | 'skipped' | 'expected';
  readonly why: string;
};

/** A signer starts and a signer works: no more at once, on two processors. */
const AT_ONCE = 2;

/** Runs cases against signers that are started for them. */
export async function runOwn(
  file: CaseFile,
  store: StoreKind,
  replicas: number | undefined,
  tell: Tell,
): Promise<Report> {
  const houses = spareHouses();
  const one = async (theCase: Case): Promise<Verdict> => {
    const { id } = theCase;
    const fault = theCase.fault === undefined ? undefined : recognise(theCase.fault);
    const cannot = fault?.ok === true ? store.cannot[fault.value.name] : undefined;
    if (cannot !== undefined) return { id, outcome: 'skipped', why: cannot };
    const problems = await problemsOf(file, theCase, store, replicas, houses).catch(
      (error: unknown) => [
        `it could not be run: ${error instanceof Error ? error.message : String(error)}`,
      ],
    );
    return problems.length === 0
      ? { id, outcome: 'passed', why: '' }
      : { id, outcome: 'failed', why: problems.join('; ') };
  };
  try {
    return reportOf(await inTurns(file.cases, AT_ONCE, one, tell));
  } finally {
    await houses.close();
  }
}

/** Runs the cases that need no setting up against a signer that runs, one after another. */
export async function runAgainst(
  file: CaseFile,
  url: string,
  profile: Profile,
  tell: Tell,
): Promise<Report> {
  const stage = { next: () => Promise.resolve(url), urls: () => [url], own: undefined };
  const one = async (theCase: Case): Promise<Verdict> => {
    const { id } = theCase;
    const skipped = whySkipped(theCase, profile);
    if (skipped !== undefined) return { id, outcome: 'skipped', why: skipped };
    const { problems } = await runCase({ file, theCase: adapted(theCase, profile), stage });
    if (problems.length === 0) return { id, outcome: 'passed', why: '' };
    const foreseen = profile.failures[id];
    return foreseen === undefined
      ? { id, outcome: 'failed', why: problems.join('; ') }
      : { id, outcome: 'expected', why: foreseen };
  };
  return reportOf(await inTurns(file.cases, 1, one, tell));
}

async function problemsOf(
  file: CaseFile,
  theCase: Case,
  store: StoreKind,
  replicas: number | undefined,
  houses: ReturnType<typeof spareHouses>,
): Promise<readonly string[]> {
  const count = Math.max(replicas ?? 1, theCase.parallel?.replicas ?? 1);
  if (theCase.fault !== undefined) {
    const fault = recognise(theCase.fault);
    return fault.ok ? struck(file, theCase, store, count, fault.value) : [fault.error];
  }
  const kind = `${count} ${JSON.stringify(theCase.config)}`;
  const stage =
    houses.take(kind) ??
    (await setStage({ house: furnish(file, theCase.config), store, replicas: count }));
  try {
    const { problems, leftNoTrace } = await inTime(runCase({ file, theCase, stage }));
    await (leftNoTrace ? houses.give(kind, stage) : stage.close());
    return problems;
  } catch (error) {
    await stage.close();
    throw error;
  }
}

/** A case with a fault has signers of its own, and they are not used again. */
async function struck(
  file: CaseFile,
  theCase: Case,
  store: StoreKind,
  replicas: number,
  fault: Fault,
): Promise<readonly string[]> {
  const act: Act = ACTS[fault.name];
  const drill = act.drill?.(store);
  const held: { heal?: () => Promise<void> } = {};
  const hangsFirst = fault.name === 'database_hangs' && store.hangsBeforeStart;
  const stage = await setStage({
    ...{ house: furnish(file, theCase.config), store, replicas },
    ...(drill === undefined ? {} : { drill }),
    ...(hangsFirst ? { hangsFirst: heal => (held.heal = heal) } : {}),
  });
  try {
    const { problems } = await inTime(
      runCase({ file, theCase, stage, fault: { fault, store, ...held } }),
    );
    return problems;
  } finally {
    await stage.close();
  }
}

const SPARE_HOUSES_MAX = 4;

/** Signers on which a case left no trace serve the next one of the same configuration. */
function spareHouses() {
  const spare: { readonly kind: string; readonly house: OwnHouse }[] = [];
  return {
    take: (kind: string): OwnHouse | undefined => {
      const at = spare.findIndex(one => one.kind === kind);
      return at < 0 ? undefined : spare.splice(at, 1)[0]?.house;
    },
    give: async (kind: string, house: OwnHouse): Promise<void> => {
      spare.push({ kind, house });
      if (spare.length > SPARE_HOUSES_MAX) await spare.shift()?.house.close();
    },
    close: async (): Promise<void> => {
      await Promise.all(spare.map(({ house }) => house.close()));
    },
  };
}

/** Far more than a case takes on a busy machine; a signer that hangs is a case that failed. */
const CASE_MAX_MS = 120_000;

async function inTime<Value>(promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('it takes too long')), CASE_MAX_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function inTurns(
  cases: readonly Case[],
  atOnce: number,
  run: (theCase: Case) => Promise<Verdict>,
  tell: Tell,
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  const left = cases.entries();
  const worker = async (): Promise<void> => {
    for (const [at, theCase] of left) {
      const verdict = await run(theCase);
      verdicts[at] = verdict;
      const { id, outcome, why } = verdict;
      tell(id, outcome === 'expected' ? 'skipped' : outcome, why);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return verdicts;
}

function reportOf(verdicts: readonly Verdict[]): Report {
  const list = (outcome: Verdict['outcome']) =>
    verdicts.filter(one => one.outcome === outcome).map(({ id, why }) => ({ id, why }));
  return {
    cases: verdicts.length,
    passed: list('passed').length,
    failed: list('failed'),
    skipped: list('skipped'),
    expected: list('expected'),
  };
}
