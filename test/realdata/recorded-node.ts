import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A row of a recording: what was asked of a real node, and what it answered. */
export type RecordedRow = {
  readonly level: number;
  readonly request: string;
  readonly status: number;
  readonly body: string;
};

/** A block of a recording, as far as tests look into it. */
export type RecordedBlock = {
  readonly hash: string;
  readonly header: { readonly level: number; readonly predecessor: string };
};

const BLOCKS = '/chains/main/blocks/';

/** The whole blocks of a recording. */
export function recordedBlocks(rows: readonly RecordedRow[]): readonly RecordedBlock[] {
  return rows
    .filter(
      ({ request, status }) =>
        status === 200 && !request.slice(request.indexOf(BLOCKS) + BLOCKS.length).includes('/'),
    )
    .map(({ body }) => JSON.parse(body) as RecordedBlock);
}

/** Pairs of blocks that follow one another, with the one before where it was recorded. */
export function consecutive(blocks: readonly RecordedBlock[]): readonly {
  readonly before: RecordedBlock | undefined;
  readonly block: RecordedBlock;
  readonly next: RecordedBlock;
}[] {
  const byHash = new Map(blocks.map(block => [block.hash, block]));
  return blocks.flatMap(next => {
    const block = byHash.get(next.header.predecessor);
    return block ? [{ before: byHash.get(block.header.predecessor), block, next }] : [];
  });
}

/**
 * An HTTP server on loopback that gives recorded answers again. A block that is asked for by its level is
 * the last one of that level that another recorded block builds on. Keys are answered from `keys`.
 */
export async function recordedNode(
  rows: readonly RecordedRow[],
  keys: ReadonlyMap<string, string>,
  constants: unknown,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const answers = new Map(rows.map(({ request, ...row }) => [request.replace(/^GET /, ''), row]));
  const mainChain = new Map(
    consecutive(recordedBlocks(rows)).map(({ block }) => [
      block.header.level.toString(),
      block.hash,
    ]),
  );
  const consensusKeys = consensusKeysOf(rows);
  const server = createServer((request, response) => {
    const asked = (request.url ?? '').replace(
      /(blocks\/)(\d+)/,
      (whole, start: string, level: string) => {
        const hash = mainChain.get(level);
        return hash === undefined ? whole : start + hash;
      },
    );
    const delegate = /context\/delegates\/(\w+)\/consensus_key$/.exec(asked)?.[1];
    const pkh = delegate && consensusKeys.get(delegate);
    const recorded = answers.get(asked);
    if (asked.endsWith('/context/constants')) response.end(JSON.stringify(constants));
    else if (pkh) response.end(JSON.stringify({ active: { pkh, pk: keys.get(pkh) } }));
    else response.writeHead(recorded?.status ?? 404).end(recorded?.body ?? '');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port.toString()}`,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

type Validators = readonly {
  readonly delegates: readonly { readonly delegate: string; readonly consensus_key: string }[];
}[];

function consensusKeysOf(rows: readonly RecordedRow[]): ReadonlyMap<string, string> {
  const validators = rows.filter(
    ({ request, status }) => request.includes('helpers/validators') && status === 200,
  );
  const delegates = validators.flatMap(({ body }) =>
    (JSON.parse(body) as Validators).flatMap(row => row.delegates),
  );
  return new Map(delegates.map(row => [row.delegate, row.consensus_key]));
}
