import type { SIGNER } from '@meridian/configuration';
import { softwareKeystore, type Keystore } from '@meridian/keystore';
import { instant } from '@meridian/prelude';
import { listen, openMetrics, serveOperations, type DaemonWorld, type z } from '@meridian/service';
import type { ChainId, PublicKey, PublicKeyHash } from '@meridian/tezos';
import { REFUSALS, type Refusal, type RowKey } from '@meridian/watermark';
import type { AnswerParts } from './answer.ts';
import { Doubts } from './doubts.ts';
import { openGuard, type OpenGuard } from './guard.ts';
import { signerHttp } from './http.ts';
import { signerServer } from './http-server.ts';
import { marksOf } from './marks.ts';
import { METRICS } from './metrics.ts';
import { patrol } from './patrol.ts';
import type { Role } from './policy.ts';
import { createSigning } from './sign.ts';
import { serveSocket } from './socket.ts';

/** What a signer is told. */
export type Configuration = z.output<typeof SIGNER>;

/** The parts that touch keys and marks; a drill may put its own around them. */
export type SignerParts = {
  readonly openKeystore: (configuration: Configuration) => Keystore;
  readonly openGuard: (configuration: Configuration, signal: AbortSignal) => Promise<OpenGuard>;
};

const PARTS: SignerParts = {
  openKeystore: ({ keys }) => softwareKeystore(keys),
  openGuard,
};

/** How often a signer looks at its rows though nobody asks: well within the delay between two blocks. */
const PATROL_MS = 2_000;

/** Starts a signer; what has to be closed is noted in the world, and closed in reverse order. */
export async function startSigner(
  configuration: Configuration,
  world: DaemonWorld,
  parts: SignerParts = PARTS,
): Promise<void> {
  const { log, atEnd, announce, ending } = world;
  const keystore = parts.openKeystore(configuration);
  const metrics = openMetrics('signer', METRICS);
  const doubts = new Doubts();
  const held: { guard?: OpenGuard } = {};
  const operations = await serveOperations(configuration.operations, {
    metrics,
    checks: () => checksOf(held.guard, ending),
    status: () => statusOf(configuration, keystore, held.guard),
  });
  atEnd(operations.close);
  atEnd(() => held.guard?.close() ?? Promise.resolve());
  const chains = configuration.chains.map(id => id as ChainId);
  const sign = createSigning({
    site: configuration.site,
    policy: {
      chains,
      roles: rolesOf(configuration, keystore),
    },
    ...{ keystore, doubts, guard: () => held.guard, now: () => instant(Date.now()) },
    observe: outcome => {
      metrics.record('requests_total', 1, { kind: outcome.kind, outcome: outcome.outcome });
      const isGood = outcome.outcome === 'signed' || outcome.outcome === 'released';
      log[isGood ? 'debug' : 'warn']('sign', outcome);
    },
    took: (stage, ms) => metrics.record(`${stage}_seconds`, ms / 1_000),
    unsealed: outcome => {
      log.warn('not_known_stored', outcome);
      metrics.record('unsealed_votes_total', 1, { kind: outcome.kind, reason: outcome.outcome });
    },
  });
  const answers: AnswerParts = {
    ...{ keystore, sign },
    marks: pkh => marksOf({ chains, store: () => held.guard?.store }, pkh),
    authorizedKeys: configuration.authorizedKeys.map(key => key as PublicKey),
    allow: configuration.allow,
    mistake: error => log.error('mistake', { why: wordsOf(error) }),
  };
  const { port, host } = configuration.listen;
  const http = await listen(signerServer(signerHttp(answers)).listen(port, host));
  atEnd(http.close);
  if (configuration.socket !== undefined)
    atEnd((await serveSocket(configuration.socket, answers)).close);
  announce({ port: http.port, operationsPort: operations.port });
  const guard = await parts.openGuard(configuration, ending);
  for (const { code, known } of guard.findings) {
    doubts.note(known, { code });
    doubted(known, { code });
  }
  held.guard = guard;
  log.info('holds_store', { keys: keystore.keys().length });
  atEnd(repeatedly(() => patrolOnce(guard)));

  function patrolOnce({ store, journal }: OpenGuard): Promise<void> {
    return patrol({ store, journal, doubts, found: doubted }).catch((error: unknown) => {
      log.warn('patrol_failed', { why: wordsOf(error) });
    });
  }

  function doubted({ chainId, pkh, kind }: RowKey, { code }: Refusal): void {
    log[REFUSALS[code].alerts ? 'error' : 'warn']('row_doubted', { chainId, pkh, kind, code });
    metrics.record('doubted_rows_total', 1, { kind, reason: code });
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** @throws Error for a companion key that is none */
function rolesOf({ keys }: Configuration, keystore: Keystore): ReadonlyMap<PublicKeyHash, Role> {
  const roles = new Map<PublicKeyHash, Role>();
  for (const { name, pkh } of keystore.keys()) {
    const role = keys.find(key => key.name === name)?.role ?? 'consensus';
    if (role === 'companion' && !pkh.startsWith('tz4'))
      throw new Error(`keys: ${name} (${pkh}) is no tz4 key, and only those are companions`);
    roles.set(pkh, role);
  }
  return roles;
}

/** Standing by or having handed over is no illness; rows that nobody set up, or that are latched, are. */
function checksOf(guard: OpenGuard | undefined, ending: AbortSignal) {
  const rows = guard?.journal.rows() ?? [];
  const latched = rows.filter(({ mode }) => mode === 'latched').length;
  return {
    running: ending.aborted ? 'it is stopping' : true,
    store: guard === undefined ? 'another process holds it' : probed(guard.store.probe()),
    mode:
      rows.length === 0
        ? 'no row was set up'
        : latched === 0 || `${latched.toString()} rows are latched`,
  } as const;
}

function probed(probe: Promise<unknown>): Promise<true | string> {
  return probe.then(
    () => true,
    (error: unknown) => wordsOf(error),
  );
}

function statusOf(
  { site, chains }: Configuration,
  keystore: Keystore,
  guard: OpenGuard | undefined,
): object {
  return {
    ...{ site, chains, holdsStore: guard !== undefined },
    keys: keystore.keys().map(({ pkh }) => pkh),
    rows: guard?.journal
      .rows()
      .map(({ chainId, pkh, kind, mode, epoch, level, round, maxLevel }) => ({
        ...{ chainId, pkh, kind, mode, epoch, level, round, maxLevel },
      })),
  };
}

/** Does something again and again, never twice at once; what is returned ends it. */
function repeatedly(act: () => Promise<void>): () => Promise<void> {
  let running = Promise.resolve();
  let isIdle = true;
  const timer = setInterval(() => {
    if (!isIdle) return;
    isIdle = false;
    running = act().finally(() => (isIdle = true));
  }, PATROL_MS);
  return () => {
    clearInterval(timer);
    return running;
  };
}
