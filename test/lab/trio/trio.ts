import { seededRandom } from '@meridian/prelude';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { programOf } from '../child.ts';
import { followRights, JUDGED_AFTER_LEVELS, summaryFrom } from '../start/follow.ts';
import {
  alarmOf,
  newRecord,
  readLine,
  summaryOf,
  takeLog,
  type SandboxSummary,
} from '../start/record.ts';
import { startSystem, type System } from '../start/system.ts';
import { FAULTS, LIAR, pauseOf, troublesOf, victimsOf, type Wanted } from './plan.ts';

/** How many endorsers vote with the key; the second one attests with DAL content. */
const ENDORSERS = 3;
const WITH_DAL = 1;
const DAL_ENDORSER = fileURLToPath(new URL('dal-endorser.ts', import.meta.url));
const POLL_MS = 200;

/** What came of a run. */
export type Report = Awaited<ReturnType<typeof trio>>;

/** Who hears what a run does: each line of a daemon's log under its name, and each kill. */
export type Listener = (line: string, name: string) => void;

/**
 * Three endorsers with one key, of which one sees DAL content, are killed at any moment through nodes of which one lies
 * and one is away, on a chain with late rounds, lost quorums and blocks that are replaced.
 */
export async function trio(wanted: Wanted, told: Listener = () => undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-trio-'));
  const scenario = join(folder, 'scenario.yaml');
  writeFileSync(scenario, JSON.stringify({ troubles: troublesOf(wanted) }));
  const since = performance.now();
  const heard = newHearing();
  const wish = {
    ...{ endorsers: ENDORSERS, faults: FAULTS, scenario, seed: wanted.seed.toString() },
    ...{ protocol: '025', blockTime: '1', keys: 1, curves: ['tz1'] as const, record: undefined },
  };
  const system = await startSystem(
    wish,
    (line, name) => {
      heard.take(line, name);
      told(line, name);
    },
    at => (at === WITH_DAL ? DAL_ENDORSER : programOf('endorser')),
  );
  try {
    const sandbox = await runThrough(system, wanted, heard, told);
    const seconds = Math.round((performance.now() - since) / 1_000);
    return reportOf(wanted, heard, sandbox, seconds);
  } finally {
    await system.stop();
    system.workshop.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runThrough(
  system: System,
  { levels, seed }: Wanted,
  heard: Hearing,
  told: Listener,
): Promise<SandboxSummary> {
  const ending = new AbortController();
  const rights = followRights(system, ending.signal, right => heard.record.rights.push(right));
  const killing = killNowAndThen(system, seed, heard, told, ending.signal);
  let sandbox: SandboxSummary = { levels: 0, doubleSigns: 0, baked: 0 };
  while (sandbox.levels < levels + JUDGED_AFTER_LEVELS) {
    await pause(POLL_MS);
    sandbox = await summaryFrom(system, sandbox);
  }
  ending.abort();
  await Promise.all([rights, killing]);
  return sandbox;
}

async function killNowAndThen(
  system: System,
  seed: number,
  heard: Hearing,
  told: Listener,
  signal: AbortSignal,
): Promise<void> {
  const random = seededRandom(seed);
  const rested = (): Promise<boolean> =>
    pause(pauseOf(random), true, { signal }).catch(() => false);
  while (await rested()) {
    if (heard.firstLevel === undefined) continue;
    for (const name of victimsOf(random, system.endorsers, heard.up)) {
      told(JSON.stringify({ event: 'killed', time: new Date().toISOString() }), name);
      heard.up.delete(name);
      heard.killed += 1;
      system.strike(name);
    }
  }
}

/** What is known of a run while it runs. */
type Hearing = ReturnType<typeof newHearing>;

function newHearing() {
  const record = newRecord();
  const hearing = {
    record,
    /** The first one that all endorsers were there for: how fast processes start is no matter here. */
    firstLevel: undefined as number | undefined,
    killed: 0,
    /** Attestations that were signed with DAL content. */
    dalVotes: 0,
    /** Alarms about something that was as it should be. */
    falseAlarms: {} as Record<string, number>,
    /** Endorsers that have voted since they were started. */
    up: new Set<string>(),
    take: (line: string, name: string): void => {
      takeLog(record, line);
      const log = readLine(line);
      if (log?.event === 'vote') {
        hearing.up.add(name);
        if (hearing.up.size === ENDORSERS) hearing.firstLevel ??= Number(log.level) + 1;
      }
      if (log?.event === 'dal_vote') hearing.dalVotes += 1;
      const alarm = log && alarmOf(log);
      if (alarm === undefined || (log?.event === 'node_disbelieved' && log.node === LIAR)) return;
      hearing.falseAlarms[alarm] = (hearing.falseAlarms[alarm] ?? 0) + 1;
    },
  };
  return hearing;
}

function reportOf(
  { levels, seed }: Wanted,
  { record, firstLevel = Infinity, killed, dalVotes, falseAlarms }: Hearing,
  sandbox: SandboxSummary,
  seconds: number,
) {
  const rights = record.rights.filter(({ level }) => level >= firstLevel);
  const { shared: taken, ...summary } = summaryOf({ ...record, rights }, sandbox, levels);
  const laterRounds = rights.filter(({ level, round }) => level <= levels && round > 0);
  return {
    ...{ endorsers: ENDORSERS, seed, seconds, killed, dalVotes },
    // The one with DAL content takes its own votes as if they were another's.
    // What is judged, from here to the last level.
    firstLevel,
    ...{ shared: taken - dalVotes, laterRounds: laterRounds.length, falseAlarms },
    ...summary,
  };
}

/** What must not be, or has to have been for a run to say anything; none for one that held. */
export function problemsOf(report: Report): readonly string[] {
  const never = {
    missed: report.missed,
    doubleSigns: report.doubleSigns,
    ...report.falseAlarms,
  };
  const seen = ['rights', 'killed', 'shared', 'dalVotes', 'laterRounds'] as const;
  return [
    ...Object.entries(never).flatMap(([name, count]) =>
      count === 0 ? [] : [`${name}: ${count.toString()}`],
    ),
    ...seen.flatMap(name => (report[name] > 0 ? [] : [`${name}: none, so nothing was shown`])),
  ];
}
