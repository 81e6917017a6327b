import type { SIGNER } from '@meridian/configuration';
import { softwareKeystore, type Keystore } from '@meridian/keystore';
import { instant } from '@meridian/prelude';
import { fieldsOf, listen, openMetrics, serveOperations } from '@meridian/service';
import type { Check, DaemonWorld, Metrics, z } from '@meridian/service';
import type { ChainId, PublicKey, PublicKeyHash } from '@meridian/tezos';
import { serveAdministration } from './administration.ts';
import type { AnswerParts } from './answer.ts';
import type { Audit } from './audit.ts';
import { lastingAudit } from './audit/lasting.ts';
import { Doubts } from './doubts.ts';
import { openGuard, type OpenGuard } from './guard.ts';
import { signerHttp } from './http.ts';
import { signerServer } from './http-server.ts';
import { marksOf } from './marks.ts';
import { METRICS } from './metrics.ts';
import type { Role } from './policy.ts';
import { createSigning } from './sign.ts';
import { serveSocket } from './socket.ts';
import { checksOf, statusOf, type StatusParts } from './status.ts';
import { levelOf, openWatched, type WatchedGuard } from './watch.ts';

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

/** What a signer holds once it may: until then another process does. */
type Held = { guard?: WatchedGuard; audit?: Audit; vault: Check };

/** Starts a signer; what has to be closed is noted in the world, and closed in reverse order. */
export async function startSigner(
  configuration: Configuration,
  world: DaemonWorld,
  parts: SignerParts = PARTS,
): Promise<void> {
  const { log, atEnd, announce, ending, fail } = world;
  const keystore = parts.openKeystore(configuration);
  const metrics = openMetrics('signer', METRICS);
  const doubts = new Doubts();
  const held: Held = { vault: true };
  const status: StatusParts = {
    keystore,
    chains: configuration.chains.map(id => id as ChainId),
    doubts,
    guard: () => held.guard,
    vault: () => held.vault,
    ending,
  };
  const operations = await serveOperations(configuration.operations, {
    metrics,
    checks: () => checksOf(status),
    status: () => statusOf(configuration, status),
  });
  atEnd(operations.close);
  atEnd(async () => {
    await held.guard?.close();
    held.audit?.close();
  });
  const answers = answersOf(configuration, { keystore, doubts, held, metrics, log });
  const port = await serve(configuration, answers, world);
  if (configuration.admin !== undefined) {
    const administered = { guard: () => held.guard, audit: () => held.audit };
    const { mistake } = answers;
    atEnd(
      await serveAdministration(configuration.admin, configuration, {
        ...{ keystore, doubts, mistake, ...administered },
        told: (event, fields) => log.warn('administration', { done: event, ...fields }),
      }),
    );
  }
  announce({ port, operationsPort: operations.port });
  const guard = await openWatched({
    open: signal => parts.openGuard(configuration, signal),
    ...{ doubts, ending, broken: fail },
    found: ({ chainId, pkh, kind }, refusal) => {
      const { code } = refusal;
      log[levelOf(refusal)]('row_doubted', { chainId, pkh, kind, code });
      metrics.record('doubted_rows_total', 1, { kind, reason: code });
    },
    missed: error => log.warn('rows_not_seen', fieldsOf(error)),
  });
  if (configuration.audit !== undefined) held.audit = auditOf(configuration.audit, metrics, log);
  held.guard = guard;
  log.info('holds_store', { keys: keystore.keys().length });
}

/** @throws AuditError */
function auditOf(
  path: string,
  metrics: Metrics<keyof typeof METRICS>,
  log: DaemonWorld['log'],
): Audit {
  return lastingAudit(path, () => instant(Date.now()), {
    failed: error => {
      log.error('audit_unavailable', fieldsOf(error));
      metrics.record('audit_unavailable_total', 1);
    },
    opened: ({ setAside, lost }) => {
      log.info('audit_open', { lost: lost() });
      if (setAside === undefined) return;
      log.error('audit_set_aside', setAside);
      metrics.record('audit_set_aside_total', 1);
    },
  });
}

type Inner = {
  readonly keystore: Keystore;
  readonly doubts: Doubts;
  readonly held: Held;
  readonly metrics: Metrics<keyof typeof METRICS>;
  readonly log: DaemonWorld['log'];
};

/** What requests are answered from. */
function answersOf(
  configuration: Configuration,
  { keystore, doubts, held, metrics, log }: Inner,
): AnswerParts & { readonly mistake: (error: unknown) => void } {
  const chains = configuration.chains.map(id => id as ChainId);
  const sign = createSigning({
    site: configuration.site,
    policy: { chains, roles: rolesOf(configuration, keystore) },
    ...{ keystore, doubts, guard: () => held.guard, now: () => instant(Date.now()) },
    observe: outcome => {
      metrics.record('requests_total', 1, { kind: outcome.kind, outcome: outcome.outcome });
      const isGood = outcome.outcome === 'signed' || outcome.outcome === 'released';
      log[isGood ? 'debug' : 'warn']('sign', outcome);
      held.audit?.note('sign', outcome);
      if (outcome.outcome === 'signed') held.vault = true;
      if (outcome.outcome === 'vault_unavailable') held.vault = 'it did not sign the last request';
    },
    took: (stage, ms) => metrics.record(`${stage}_seconds`, ms / 1_000),
    unsealed: outcome => {
      log.warn('not_known_stored', outcome);
      metrics.record('unsealed_votes_total', 1, { kind: outcome.kind, reason: outcome.outcome });
    },
  });
  return {
    ...{ keystore, sign },
    marks: pkh => marksOf({ chains, store: () => held.guard?.store }, pkh),
    authorizedKeys: configuration.authorizedKeys.map(key => key as PublicKey),
    allow: configuration.allow,
    mistake: error => log.error('mistake', fieldsOf(error)),
  };
}

/** Listens for clients; gives the port. */
async function serve(
  { listen: { port, host }, socket }: Configuration,
  answers: AnswerParts,
  { atEnd }: DaemonWorld,
): Promise<number> {
  const http = await listen(signerServer(signerHttp(answers)).listen(port, host));
  atEnd(http.close);
  if (socket !== undefined) atEnd((await serveSocket(socket, answers)).close);
  return http.port;
}

/** @throws Error for a companion key that is none, and for a key that has no role */
function rolesOf({ keys }: Configuration, keystore: Keystore): ReadonlyMap<PublicKeyHash, Role> {
  const roles = new Map<PublicKeyHash, Role>();
  for (const { name, pkh } of keystore.keys()) {
    const role = keys.find(key => key.name === name)?.role;
    if (role === undefined) throw new Error(`keys: ${name} (${pkh}) has no role`);
    if (role === 'companion' && !pkh.startsWith('tz4'))
      throw new Error(`keys: ${name} (${pkh}) is no tz4 key, and only those are companions`);
    roles.set(pkh, role);
  }
  return roles;
}
