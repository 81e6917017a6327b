import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { assert } from '@meridian/prelude';
import { freePort } from '../port.ts';
import { link, type Link, type Weather } from './link.ts';
import { postgresWire, type StatementFault } from './postgres-wire.ts';
import { dice, type Often, type Strikes } from './strikes.ts';
import { plainWire } from './wire.ts';

/** Where a proxy leads: a port, or the path of a socket. */
export type Target = { readonly host: string; readonly port: number } | { readonly path: string };

export type ProxyOptions = {
  readonly target: Target;
  /** What is spoken; `onStatement` needs PostgreSQL, `swallowReply` plain bytes. Plain by default. */
  readonly protocol?: 'plain' | 'postgres';
  /** Of all that is left to chance; a whole number, 1 by default. */
  readonly seed?: number;
};

/** A TCP proxy on loopback whose faults are switched while it runs. */
export type Proxy = {
  readonly port: number;
  /** A URL of the target, through the proxy. */
  readonly url: (target: string) => string;
  /** How many connections there are. */
  readonly connections: () => number;
  /** Everything takes so long, each way. Ends of connections, too. */
  readonly delay: (eachWayMs: number) => void;
  /** Resets all connections. */
  readonly cut: () => void;
  /** New connections are refused; those that there are stay. */
  readonly refuse: () => void;
  /** Connections are taken, and nothing passes on any. What was held passes after `heal`, also when it is too late. */
  readonly blackhole: () => void;
  /** Ends all faults. */
  readonly heal: () => Promise<void>;
  /** Plain bytes: a request reaches the server, which answers; the answer is dropped and the connection reset. */
  readonly swallowReply: (often?: Often) => Strikes;
  /** PostgreSQL: strikes statements whose text fits, in Parse, Bind or simple queries. */
  readonly onStatement: (fits: RegExp, fault: StatementFault, often?: Often) => Strikes;
  /** Resets all connections and ends the proxy. */
  readonly close: () => Promise<void>;
};

type Rule = { readonly fits: RegExp; readonly fault: StatementFault };

const HOST = '127.0.0.1';

/**
 * Starts a proxy on a free port of loopback. An invalid SQLSTATE in a fault throws a `RangeError`.
 * @throws {FaultsError} `not_started`
 */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const { target, protocol = 'plain', seed = 1 } = options;
  const port = await freePort();
  const links = new Set<Link>();
  const weather: Weather = { delayMs: 0, blackhole: undefined };
  const [swallows, rules] = [dice<true>(seed), dice<Rule>(seed)];

  const accept = (client: Socket): void => {
    const server = connect({ ...target, allowHalfOpen: true, noDelay: true });
    const one = link(client, server, weather, ends =>
      protocol === 'plain'
        ? plainWire(ends, () => swallows.draw(() => true) === true)
        : postgresWire(ends, sql => rules.draw(({ fits }) => sql.search(fits) >= 0)?.fault),
    );
    links.add(one);
    void one.closed.then(() => links.delete(one));
  };
  const door = doorOf(port, accept);
  await door.open();

  let clear = (): void => undefined;
  const cut = (): void => links.forEach(one => one.cut());
  return {
    port,
    url: text => through(text, port),
    connections: () => links.size,
    delay: eachWayMs => {
      weather.delayMs = eachWayMs;
    },
    cut,
    refuse: door.shut,
    blackhole: () => {
      weather.blackhole ??= new Promise(resolve => (clear = resolve));
    },
    heal: async () => {
      [weather.delayMs, weather.blackhole] = [0, undefined];
      clear();
      swallows.clear();
      rules.clear();
      await door.open();
    },
    swallowReply: (often = {}) => {
      assert(protocol === 'plain', 'what is swallowed is plain');
      return swallows.add(true, often);
    },
    onStatement: (fits, fault, often = {}) => {
      assert(protocol === 'postgres', 'statements are spoken to PostgreSQL');
      return rules.add({ fits, fault: checked(fault) }, often);
    },
    close: async () => {
      door.shut();
      cut();
      await Promise.all([...links].map(one => one.closed));
    },
  };
}

/** Listens on a port, or lets the system refuse who comes. */
function doorOf(port: number, accept: (client: Socket) => void) {
  let server: Server | undefined;
  return {
    open: async (): Promise<void> => {
      if (server !== undefined) return;
      server = createServer({ allowHalfOpen: true, noDelay: true }, accept);
      await once(server.listen(port, HOST), 'listening');
    },
    // From here on, although `close` itself waits for the connections that there are.
    shut: (): void => {
      server?.close();
      server = undefined;
    },
  };
}

function through(target: string, port: number): string {
  const url = new URL(target);
  url.hostname = HOST;
  url.port = port.toString();
  return url.href;
}

/** The SQLSTATE becomes part of a statement. */
function checked(fault: StatementFault): StatementFault {
  if ('sqlstate' in fault && !/^(?!00000)[0-9A-Z]{5}$/.test(fault.sqlstate)) {
    throw new RangeError(`sqlstate: ${fault.sqlstate} is no SQLSTATE of an error`);
  }
  return fault;
}
