import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { FaultsError } from './errors.ts';

/** Below the ports that systems give to connections: one that is free stays so while a server is down. */
const [PORT_MIN, PORT_MAX] = [12_000, 30_000];
const TRIES_MAX = 50;

/** A free port on loopback. Whoever listens on it may still find that somebody was faster. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = randomInt(PORT_MIN, PORT_MAX);
    const server = createServer();
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening');
      return port;
    } catch {
      // Taken: the next one.
    } finally {
      server.close();
    }
  }
  throw new FaultsError('not_started', `no free port in ${TRIES_MAX} tries`);
}
