import { SIGNER } from '@meridian/configuration';
import { softwareKeystore } from '@meridian/keystore';
import { listen, openMetrics, runDaemon, serveOperations } from '@meridian/service';
import type { ChainId } from '@meridian/tezos';
import type { Row } from '@meridian/watermark';
import { waitForSqliteStore, type WatermarkStore } from '@meridian/watermark-store';
import { signerHttp } from './http.ts';
import { METRICS } from './metrics.ts';
import { createSigning } from './sign.ts';

await runDaemon({
  app: 'signer',
  summary: 'Meridian signer: signs blocks and votes that the watermark permits, and nothing else.',
  schema: SIGNER,
  start: async (configuration, { log, atEnd, announce }) => {
    const chainId = configuration.chainId as ChainId;
    const keystore = softwareKeystore(configuration.keys);
    const metrics = openMetrics('signer', METRICS);
    const held: { store?: WatermarkStore } = {};
    const store = (): WatermarkStore | undefined => held.store;
    const giveUp = new AbortController();
    atEnd(async () => {
      giveUp.abort();
      await held.store?.close();
    });
    const sign = createSigning({
      chainId,
      keystore,
      store,
      observe: outcome => {
        metrics.record('requests_total', 1, { kind: outcome.kind, outcome: outcome.outcome });
        const isGood = outcome.outcome === 'signed' || outcome.outcome === 'released';
        log[isGood ? 'debug' : 'warn']('sign', outcome);
      },
      unsealed: outcome => {
        log.warn('not_known_stored', outcome);
        metrics.record('unsealed_votes_total', 1, { kind: outcome.kind, reason: outcome.outcome });
      },
    });
    const http = await listen(
      signerHttp({ chainId, keystore, store, sign }).listen(
        configuration.listen.port,
        configuration.listen.host,
      ),
    );
    atEnd(http.close);
    const operations = await serveOperations(configuration.operations, {
      metrics: metrics,
      checks: () => ({ store: held.store === undefined ? 'another process holds it' : true }),
      status: () => ({
        keys: keystore.keys().map(({ pkh }) => pkh),
        holdsStore: held.store !== undefined,
      }),
    });
    atEnd(operations.close);
    announce({ port: http.port, operationsPort: operations.port });
    const opened = await waitForSqliteStore(
      configuration.store,
      configuration.journal,
      giveUp.signal,
    );
    for (const { code, known, stored } of opened.findings) {
      const { pkh, kind } = known;
      log.error('store_is_not_what_it_was', {
        code,
        pkh,
        kind,
        known: at(known),
        stored: at(stored),
      });
    }
    held.store = opened;
    log.info('holds_store', { keys: keystore.keys().length });
  },
});

/** Where a row stands, for people. */
function at(row: Row | undefined): string {
  return row === undefined
    ? 'no row'
    : `${row.level.toString()}/${row.round.toString()} ${row.mode}`;
}
