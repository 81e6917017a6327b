import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { assert, duration, instant } from '@meridian/prelude';
import { createChain, createNode, type SandboxChain } from '@meridian/sandbox-chain';
import { PROTOCOLS, type ChainId, type PublicKey, type PublicKeyHash } from '@meridian/tezos';

/** Edge nodes for an operator to ask: a chain of robots whose head is of now, and one key that never voted. */
export type Nodes = {
  readonly chainId: ChainId;
  readonly urls: readonly string[];
  readonly close: () => void;
};

/** The level of the head, in the third cycle. */
const HEAD = 21;
const BLOCKS_PER_CYCLE = 8;
const BLOCK_DELAY_MS = 1_000;
const NODES = 3;

export async function startNodes(guest: {
  readonly pkh: PublicKeyHash;
  readonly publicKey: PublicKey;
}): Promise<Nodes> {
  const chain = chainWith(guest);
  const servers = Array.from({ length: NODES }, () => serverOn(chain));
  await Promise.all(
    servers.map(
      server => new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve())),
    ),
  );
  return {
    chainId: chain.chainId,
    urls: servers.map(
      server => `http://127.0.0.1:${(server.address() as AddressInfo).port.toString()}`,
    ),
    close: () => {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

function chainWith(guest: Parameters<typeof startNodes>[0]): SandboxChain {
  const protocol = PROTOCOLS.find(({ number }) => number === '025');
  assert(protocol !== undefined, 'the table has a row for 025');
  // Blocks have whole seconds.
  const now = Math.floor(Date.now() / BLOCK_DELAY_MS) * BLOCK_DELAY_MS;
  const genesisTime = instant(now - (HEAD + 1) * BLOCK_DELAY_MS);
  const chain = createChain({
    ...{ seed: 2, protocol, genesisTime, committeeSize: 64 },
    ...{ blocksPerCycle: BLOCKS_PER_CYCLE, allBakersAttest: true, script: [] },
    minimalBlockDelay: duration(BLOCK_DELAY_MS),
    delayIncrementPerRound: duration(BLOCK_DELAY_MS),
    guests: [{ delegate: guest.pkh, consensusKey: guest.publicKey, stake: 1 }],
    robots: { tz1: 3, tz2: 0, tz3: 0, tz4: 0 },
    latency: { min: duration(5), max: duration(20) },
  });
  while (chain.head().level < HEAD) chain.advanceTo(chain.nextWake());
  return chain;
}

function serverOn(chain: SandboxChain): Server {
  const node = createNode(chain, { name: 'node', now: () => instant(0) });
  return createServer((request, response) => {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://node');
    const reply = node.handle({ method: 'GET', path, query, body: '' });
    assert('body' in reply, 'nothing here is a stream');
    response.writeHead(reply.status, { 'content-type': 'application/json' }).end(reply.body);
  });
}
