import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ends, Wire } from './wire.ts';

/** What all connections of a proxy have to go through. */
export type Weather = {
  delayMs: number;
  /** While nothing passes: when it does again. */
  blackhole: Promise<void> | undefined;
};

/** A client's connection and the one to the server that belongs to it. */
export type Link = {
  /** Resets both, at once. */
  readonly cut: () => void;
  readonly closed: Promise<void>;
};

/** Bytes on the way in one direction; beyond them the sender is not read. */
const HELD_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Joins two sockets. Bytes and ends of either go to the other in order, after the weather: nothing is lost in a black
 * hole that ends, as in a network whose parts find each other again.
 */
export function link(
  client: Socket,
  server: Socket,
  weather: Weather,
  wireOf: (ends: Ends) => Wire,
): Link {
  const both = [client, server];
  const cut = (): void => both.forEach(reset);
  const wire = wireOf({
    toClient: bytes => write(client, bytes),
    toServer: bytes => write(server, bytes),
    cut,
    finish: () => both.forEach(socket => socket.end()),
  });
  const [clientClosed, serverClosed] = [closing(client), closing(server)];
  lane(client, { socket: server, closed: serverClosed }, weather, wire.fromClient, cut);
  lane(server, { socket: client, closed: clientClosed }, weather, wire.fromServer, cut);
  return { cut, closed: Promise.all([clientClosed, serverClosed]).then(() => undefined) };
}

function write(socket: Socket, bytes: Uint8Array): void {
  if (socket.writable) socket.write(bytes);
}

/**
 * Without waiting for what was written. A local socket knows no reset: it is closed. So is one whose end is on its way:
 * Node cannot reset it then, and would never close it.
 */
function reset(socket: Socket): void {
  if (socket.remoteAddress !== undefined && !socket.writableEnded) socket.resetAndDestroy();
  socket.destroy();
}

/** `once` would fail with the socket's error. */
const closing = (socket: Socket): Promise<void> =>
  new Promise(resolve => socket.once('close', () => resolve()));

function lane(
  from: Socket,
  { socket: to, closed }: { readonly socket: Socket; readonly closed: Promise<void> },
  weather: Weather,
  deliver: (bytes: Buffer) => void,
  cut: () => void,
): void {
  let [last, held] = [Promise.resolve(), 0];
  const inTurn = (act: () => void): void => {
    const due = performance.now() + weather.delayMs;
    const untilDue = (): number => due - performance.now();
    last = last.then(async () => {
      // A timer may fire a little early.
      for (let left = untilDue(); left > 0; left = untilDue()) await sleep(left);
      while (weather.blackhole !== undefined) await weather.blackhole;
      if (to.writableNeedDrain) {
        await Promise.race([new Promise(resolve => to.once('drain', resolve)), closed]);
      }
      act();
    });
    // What the protocol cannot read ends the connection.
    last = last.catch(cut);
  };
  from.on('data', (bytes: Buffer) => {
    held += bytes.length;
    if (held > HELD_BYTES_MAX) from.pause();
    inTurn(() => {
      held -= bytes.length;
      if (held <= HELD_BYTES_MAX) from.resume();
      // What came together leaves together, however many messages it is.
      to.cork();
      deliver(bytes);
      to.uncork();
    });
  });
  from.on('end', () => inTurn(() => to.end()));
  from.on('error', () => inTurn(() => reset(to)));
}
