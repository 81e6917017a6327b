import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a fake service says to a path: a value as JSON, or whatever it likes. */
export type Says =
  | { readonly json: unknown; readonly status?: number; readonly date?: Date }
  | { readonly act: (response: ServerResponse, request: IncomingMessage) => void };

/** Answers by the beginning of `METHOD path?query`; the longest that fits counts. */
export type Script = Readonly<Record<string, Says>>;

/** A fake node or signer on loopback. */
export type Fake = { readonly url: string; readonly close: () => Promise<void> };

/** Starts a service that says what its script says, and 404 to all else; it sends no Date, as Octez does not. */
export async function startFake(script: Script): Promise<Fake> {
  const server = createServer((request, response) => {
    response.sendDate = false;
    request.resume();
    const asked = `${request.method ?? ''} ${request.url ?? ''}`;
    const [key] = Object.keys(script)
      .filter(start => asked.startsWith(start))
      .toSorted((one, other) => other.length - one.length);
    const says = key === undefined ? { json: '', status: 404 } : script[key];
    if (says === undefined) response.end();
    else if ('act' in says) says.act(response, request);
    else answer(response, says);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port.toString()}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(response: ServerResponse, says: Extract<Says, { readonly json: unknown }>): void {
  const date = says.date === undefined ? {} : { date: says.date.toUTCString() };
  response.writeHead(says.status ?? 200, { 'content-type': 'application/json', ...date });
  response.end(says.status === undefined ? JSON.stringify(says.json) : says.json);
}

/** A status with a text. */
export const status = (code: number, text = ''): Says => ({ json: text, status: code });
/** Nothing is ever said. */
export const SILENCE: Says = { act: () => undefined };

export const CHAIN = 'NetXdQprcVkpaWU';
export const PROTOCOL = 'PsUshuai9QapM5TGj1JpuVGkdxz5GykdnEvS6Rh8SUVrARvZLCY';
export const KEY = 'tz1Ke2h7sDdakHJQh8WX4Z372du1KChsksyU';
export const DELEGATE = 'tz1KqTpEZ7Yob7QbPE4Hy4Wo8fHG8LhKxZSx';
export const LEVEL = 1_000;
const HEAD = '/chains/main/blocks/head';
const open: Says = { act: response => response.writeHead(200).flushHeaders() };

/** A header as a node prints it; its hash says which level it is of. */
export function header(level: number, more: object = {}): Says {
  const json = {
    ...{ protocol: PROTOCOL, chain_id: CHAIN, level, timestamp: new Date().toISOString() },
    hash: `BL${level.toString().padStart(49, 'x')}`,
    ...more,
  };
  return { json };
}

/** A node that is well; its key votes at every level. */
export function nodeScript(more: Script = {}): Script {
  return {
    'GET /version': { json: { version: { major: 25, minor: 1 } } },
    [`GET ${HEAD}/header`]: header(LEVEL),
    'GET /chains/main/blocks/998/header': header(LEVEL - 2),
    'GET /chains/main/blocks/BL': { json: {} },
    [`GET ${HEAD}/protocols`]: { json: { protocol: PROTOCOL, next_protocol: PROTOCOL } },
    'GET /chains/main/is_bootstrapped': { json: { bootstrapped: true, sync_state: 'synced' } },
    [`GET ${HEAD}/context/constants`]: {
      json: { minimal_block_delay: '6', delay_increment_per_round: '3' },
    },
    [`GET ${HEAD}/context/delegates/`]: status(500, '[{"id":"delegate.not_registered"}]'),
    [`GET ${HEAD}/context/delegates/${DELEGATE}`]: delegate(),
    [`GET ${HEAD}/helpers/validators`]: {
      json: [
        {
          level: LEVEL + 1,
          delegates: [{ delegate: DELEGATE, consensus_key: KEY }],
        },
      ],
    },
    'GET /monitor/': open,
    'GET /chains/main/mempool/monitor_operations': open,
    'POST /injection/operation': status(500, '[{"msg":"Can\'t parse the operation"}]'),
    ...more,
  };
}

/** `context/delegates/<pkh>`. */
export function delegate(more: object = {}): Says {
  const consensus_key = { active: { pkh: KEY } };
  return { json: { deactivated: false, is_forbidden: false, consensus_key, ...more } };
}
