import { ENDORSER } from '@meridian/configuration';
import { fineClock } from '@meridian/prelude';
import { openMetrics, runDaemon, serveOperations } from '@meridian/service';
import type { SignerClient } from '@meridian/signer-client';
import type { ChainId, PublicKeyHash } from '@meridian/tezos';
import { runEndorser } from './compose.ts';
import { METRICS } from './metrics.ts';

const BYTES_PER_MIB = 2 ** 20;

/**
 * Runs an endorser from its command line until a signal ends it.
 * @param open a client of the signers at these addresses
 */
export const runEndorserDaemon = (
  open: (signers: readonly string[]) => SignerClient,
): Promise<void> =>
  runDaemon({
    app: 'endorser',
    summary: 'Meridian endorser: preattests and attests every block, through several edge nodes.',
    schema: ENDORSER,
    start: async (configuration, { log, atEnd, announce }) => {
      const { nodes, quorum, sign, protocols, record, recordMiB } = configuration;
      const metrics = openMetrics('endorser', METRICS, {
        node: nodes.map(({ name }) => name),
      });
      const clock = fineClock(Date.now, () => performance.now());
      const { endorser, observed, votes, close } = runEndorser({
        chainId: configuration.chainId as ChainId,
        keys: configuration.keys as PublicKeyHash[],
        signers: open(configuration.signers),
        ...{ nodes, quorum, sign, protocols, clock, log, metrics },
        recording:
          record === undefined
            ? undefined
            : { folder: record, bytesMax: recordMiB * BYTES_PER_MIB },
      });
      atEnd(close);
      const operations = await serveOperations(configuration.operations, {
        metrics: metrics,
        checks: () => observed.checks(endorser.state()),
        status: () => observed.status(endorser.state()),
        more: { '/votes': votes },
      });
      atEnd(operations.close);
      announce({ operationsPort: operations.port });
    },
  });
