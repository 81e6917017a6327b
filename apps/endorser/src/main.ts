import { openNodePool } from '@meridian/node-pool';
import { instant, type Clock } from '@meridian/prelude';
import { openMetrics, runDaemon, serveOperations } from '@meridian/service';
import { signerClient } from '@meridian/signer-client';
import type { ChainId, PublicKeyHash } from '@meridian/tezos';
import { CONFIGURATION } from './configuration.ts';
import { createEndorser, type Endorser } from './endorser.ts';
import { METRICS } from './metrics.ts';
import { readAll, wordOf } from './nodes.ts';
import { observer } from './observer.ts';
import { markOf, signedOperation } from './signers.ts';
import { newTimings } from './timings.ts';
import { nativeVerifier } from './verifier.ts';

/** How often silent streams and unanswered questions are looked for. */
const TICK_MS = 250;

/** Milliseconds since the epoch with fractions, so that parts of a millisecond are seen. */
const clock: Clock = () => instant(performance.timeOrigin + performance.now());

await runDaemon({
  app: 'endorser',
  summary: 'Meridian endorser: preattests and attests every block, through several edge nodes.',
  schema: CONFIGURATION,
  start: async (configuration, { log, atEnd, announce }) => {
    const { nodes, signers } = configuration;
    const chainId = configuration.chainId as ChainId;
    const keys = new Set(configuration.keys as PublicKeyHash[]);
    const quorum = configuration.quorum ?? Math.floor(nodes.length / 2) + 1;
    const metrics = openMetrics('endorser', METRICS);
    const timings = newTimings();
    const client = signerClient(signers);
    atEnd(client.close);
    const observed = observer(log, metrics, timings);
    const pool = openNodePool({ nodes, clock }, message => {
      observed.node(message);
      const word = wordOf(message);
      if (word !== undefined) endorser.hear(word);
    });
    atEnd(pool.close);
    const endorser: Endorser = createEndorser(
      { chainId, keys, quorum },
      { sign: configuration.sign },
      {
        clock,
        verifier: nativeVerifier(),
        sign: (ballot, bytes) => signedOperation(client, log, ballot, bytes),
        mark: key => markOf(client, chainId, key),
        inject: (operation, ballot) => observed.injection(ballot, pool.inject(operation)),
        read: topic => readAll(pool, clock, topic, event => endorser.hear(event)),
        restart: (node, stream) => pool.restart(node, stream),
        wakeAt: (at, wake) => setTimeout(wake, Math.max(0, at - clock())),
        observe: observed.step,
      },
    );
    const ticking = setInterval(() => endorser.hear({ kind: 'tick', at: clock() }), TICK_MS);
    atEnd(async () => {
      clearInterval(ticking);
      await Promise.resolve();
    });
    const operations = await serveOperations(configuration.operations, {
      metrics: metrics,
      checks: () => observed.checks(endorser.state()),
      status: () => observed.status(endorser.state()),
    });
    atEnd(operations.close);
    announce({ operationsPort: operations.port });
  },
});
