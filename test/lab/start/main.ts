import { endWithStarter } from '../processes.ts';
import { followRights, JUDGED_AFTER_LEVELS, summaryFrom } from './follow.ts';
import { HELP, readArguments, type Wish } from './arguments.ts';
import { helpOnKeys, listenToKeys } from './keys.ts';
import {
  lineOf,
  newRecord,
  readLine,
  summaryOf,
  takeLog,
  type JudgedRight,
  type SandboxSummary,
} from './record.ts';
import { startSystem } from './system.ts';

/* `npm start`: the whole system on this machine, from a chain to the votes found on it. */

const POLL_MS = 200;
const MISUSED = 2;

const wish = wishOf(process.argv.slice(2));
if (wish !== undefined) process.exitCode = await demonstrate(wish);

function wishOf(args: readonly string[]): Wish | undefined {
  try {
    const read = readArguments(args);
    if (read !== 'help') return read;
    console.log(HELP);
  } catch (error) {
    console.error(
      `${error instanceof Error ? error.message : String(error)}; see npm start -- --help`,
    );
    process.exitCode = MISUSED;
  }
  return undefined;
}

async function demonstrate(wanted: Wish): Promise<number> {
  endWithStarter();
  const say = wanted.json ? console.error : console.log;
  const record = newRecord();
  const system = await startSystem(wanted, (line, name) => {
    takeLog(record, line);
    if (wanted.json) console.error(underName(line, name));
  });
  let ended = false;
  const quit = (): void => {
    ended = true;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, quit);
  const letGo = listenToKeys(system, say, quit);
  if (process.stdin.isTTY)
    say(`a chain with five edge nodes, two signers, ${endorsersOf(wanted)}\n${helpOnKeys()}`);
  const follow = new AbortController();
  let doubles = 0;
  let missed = 0;
  const byLevel = levelByLevel(rights => {
    missed += rights.filter(({ attested }) => !attested).length;
    say(lineOf(record, rights, missed, doubles));
  });
  void followRights(system, follow.signal, right => {
    record.rights.push(right);
    byLevel.take(right);
  });
  let sandbox: SandboxSummary = { levels: 0, doubleSigns: 0, baked: 0 };
  const isDone = (): boolean =>
    ended || (wanted.levels !== undefined && sandbox.levels >= wanted.levels + JUDGED_AFTER_LEVELS);
  while (!isDone()) {
    await new Promise(resolve => setTimeout(resolve, POLL_MS));
    byLevel.flush();
    sandbox = await summaryFrom(system, sandbox);
    doubles = sandbox.doubleSigns;
  }
  byLevel.flush();
  letGo();
  follow.abort();
  await system.stop();
  const levels = wanted.levels ?? Math.max(0, sandbox.levels - JUDGED_AFTER_LEVELS);
  const { endorsers } = wanted;
  const summary = { ...summaryOf(record, sandbox, levels), endorsers };
  if (wanted.json) console.log(JSON.stringify(summary));
  else tell(summary);
  return summary.missed === 0 && summary.doubleSigns === 0 && summary.rights > 0 ? 0 : 1;
}

function tell(summary: ReturnType<typeof summaryOf>): void {
  const { rights, attested, missed, doubleSigns, prequorumToAttestationMs: took } = summary;
  console.log(
    `\n${attested.toString()} of ${rights.toString()} rights attested, ${missed.toString()} missed, ${doubleSigns.toString()} signed twice; ` +
      `an attestation left ${String(took.p50)} ms after its prequorum (median)`,
  );
  console.log('next: npm start -- --levels 30 --fault node2=refuse@5s --fault node4=blackhole@10s');
}

/** Two daemons of one app are told apart by the names that they have here. */
function underName(line: string, name: string): string {
  const log = readLine(line);
  return log === undefined ? line : JSON.stringify({ ...log, app: name });
}

function endorsersOf({ endorsers }: Wish): string {
  return endorsers === 1 ? 'one endorser' : `${endorsers.toString()} endorsers`;
}

/** Gathers the rights of one level, which come one after another. */
function levelByLevel(told: (rights: readonly [JudgedRight, ...JudgedRight[]]) => void) {
  let gathered: JudgedRight[] = [];
  const flush = (): void => {
    const [first, ...others] = gathered;
    gathered = [];
    if (first !== undefined) told([first, ...others]);
  };
  const take = (right: JudgedRight): void => {
    if (gathered[0] !== undefined && gathered[0].level !== right.level) flush();
    gathered.push(right);
  };
  return { take, flush };
}
