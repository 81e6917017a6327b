import type { NodeBlock } from './node-json.ts';

/** A request to a real node and its answer, in either form of the recordings. */
type Row = {
  readonly request: string | { readonly path: string };
  readonly status?: number;
  readonly body?: string;
  readonly response?: { readonly status: number; readonly body: string };
};

const BLOCK_PATH = /\/blocks\/(B\w{50})(.*)$/;

/** What was answered with 200 about blocks: hash, the rest of the path, and the answer's JSON. */
export function answersOn(
  content: unknown,
): readonly { readonly hash: string; readonly what: string; readonly json: unknown }[] {
  return (content as readonly Row[]).flatMap(row => {
    const path = typeof row.request === 'string' ? row.request : row.request.path;
    const [, hash, what] = BLOCK_PATH.exec(path) ?? [];
    const status = row.response?.status ?? row.status;
    const body = row.response?.body ?? row.body;
    if (hash === undefined || what === undefined || status !== 200 || body === undefined) return [];
    return [{ hash, what, json: JSON.parse(body) as unknown }];
  });
}

/** The whole blocks of a recording. */
export function blocksOf(content: unknown): readonly NodeBlock[] {
  return answersOn(content)
    .filter(({ what }) => what === '')
    .map(({ json }) => json as NodeBlock);
}

/** The hexadecimal bytes of headers, by block hash. */
export function rawHeadersOf(content: unknown): ReadonlyMap<string, string> {
  const raw = answersOn(content).filter(({ what }) => what === '/header/raw');
  return new Map(raw.map(({ hash, json }) => [hash, json as string]));
}

/** The headers as JSON with what the node adds, by block hash. */
export function headersOf(
  content: unknown,
): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  const headers = answersOn(content).filter(({ what }) => what === '/header');
  return new Map(headers.map(({ hash, json }) => [hash, json as Record<string, unknown>]));
}
