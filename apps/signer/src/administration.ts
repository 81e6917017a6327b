import { randomUUID } from 'node:crypto';
import type { Keystore } from '@meridian/keystore';
import { instant } from '@meridian/prelude';
import type { ChainId, PublicKey } from '@meridian/tezos';
import type { Desk } from './admin/desk.ts';
import { identityOf } from './admin/identity.ts';
import { adminHttp, serveAdmin } from './admin/server.ts';
import type { Audit } from './audit.ts';
import type { Configuration } from './compose.ts';
import type { Doubts } from './doubts.ts';
import type { OpenGuard } from './guard.ts';

/** What an operator reaches through the socket. */
export type AdministrationParts = {
  readonly keystore: Keystore;
  readonly doubts: Doubts;
  /** Undefined while another process holds it. */
  readonly guard: () => OpenGuard | undefined;
  /** Undefined where nothing is written down. */
  readonly audit: () => Audit | undefined;
  readonly mistake: (error: unknown) => void;
  /** Told of each line of the audit, for the log: there is one where there is no audit. */
  readonly told: (event: string, fields: Readonly<Record<string, unknown>>) => void;
};

/**
 * Serves the administration of the watermark on a unix socket.
 * @throws Error for an identity that cannot be read, and for a socket that somebody listens on
 */
export async function serveAdministration(
  path: string,
  configuration: Configuration,
  { keystore, doubts, guard, audit, mistake, told }: AdministrationParts,
): Promise<() => Promise<void>> {
  const { site, chains, identity, trusted, operators, store, database } = configuration;
  const desk: Desk = {
    site,
    chains: chains.map(id => id as ChainId),
    keys: () => keystore.keys().map(({ pkh }) => pkh),
    open: guard,
    storeName: store ?? database?.cluster ?? null,
    identity: identity === undefined ? undefined : identityOf(identity),
    trusted: trusted.map(each => ({ ...each, publicKey: each.publicKey as PublicKey })),
    operators: operators.map(each => ({ ...each, publicKey: each.publicKey as PublicKey })),
    now: () => instant(Date.now()),
    mint: randomUUID,
    doubts,
    audit: (event, fields, keys = []) => {
      for (const key of keys) told(`${event}.key`, key);
      told(event, fields);
      audit()?.record(event, fields, keys);
    },
  };
  return (await serveAdmin(adminHttp(desk, mistake), path)).close;
}
