import type { CaseFile, Request } from './case-file.ts';
import { isObject, jsonOf } from './expectations.ts';
import { bodyOf, exchange, keptConnections, type Reply, type Sent } from './exchange.ts';
import { Released } from './released.ts';
import type { Stage } from './stage.ts';

/** A request and what came back. */
export type Exchanged = { readonly sent: Sent; readonly reply: Reply };

/** Paths that a signer answers on its other port. */
const OPERATIONS = /^\/(healthz|readyz|metrics|status)\b/;
const SIGN_PATH = /^\/keys\/([^/?]+)(?:\?(.*))?$/;

const CONNECTIONS_MAX = 64;
const END_MAX_MS = 2_000;

/** Plays requests on a stage, and keeps every signature that comes back. */
export class Player {
  readonly released = new Released();
  /** Signatures that came back for what is no request to sign. */
  readonly strange: string[] = [];
  readonly exchanged: Exchanged[] = [];
  readonly #file: CaseFile;
  readonly #stage: Stage;
  /** To each signer; well below what a signer takes. */
  readonly #agent = keptConnections(CONNECTIONS_MAX);

  constructor(file: CaseFile, stage: Stage) {
    this.#file = file;
    this.#stage = stage;
  }

  /** Asks as a case says, the signers in turn. */
  async ask(request: Request): Promise<Reply> {
    const isOperations = OPERATIONS.test(request.path);
    const url = await this.#stage.next();
    const operations = this.#stage.own?.signers().find(one => one.url === url)?.operations;
    const to = isOperations ? (operations ?? url) : url;
    return this.send(to, sentOf(request, this.#file));
  }

  /** Asks for a signature in words of our own. */
  async sign(pkh: string, bytes: Buffer, query = ''): Promise<Reply> {
    return this.send(await this.#stage.next(), {
      ...{ method: 'POST', path: `/keys/${pkh}${query}` },
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(bytes.toString('hex'))),
    });
  }

  async send(url: string, sent: Sent): Promise<Reply> {
    const reply = await this.look(url, sent);
    if (reply.status === 'connection reset') await this.#end(url);
    this.exchanged.push({ sent, reply });
    this.#keep(sent, reply);
    return reply;
  }

  /** As {@link send}, for what is no part of the case. */
  look(url: string, sent: Sent): Promise<Reply> {
    return exchange({ url, agent: this.#agent }, sent);
  }

  /** A question of our own. */
  get(url: string, path: string): Promise<Reply> {
    return this.look(url, { method: 'GET', path, headers: {}, body: undefined });
  }

  /** Ends its connections. */
  close(): void {
    this.#agent.destroy();
  }

  /** What the keys of the file are known to have signed, as one of the signers tells; undefined where none does. */
  async marks(pkhs: readonly string[]): Promise<readonly string[] | undefined> {
    if (this.#stage.own === undefined) return undefined;
    const [url = ''] = this.#stage.urls();
    const replies = await Promise.all(pkhs.map(pkh => this.get(url, `/marks/${pkh}`)));
    return replies.map(({ status, body }) => `${status} ${JSON.stringify(positionsIn(body))}`);
  }

  /** A connection breaks a little before the end of its process can be seen, which the next request has to see. */
  async #end(url: string): Promise<void> {
    const signer = this.#stage.own?.signers().find(one => one.url === url);
    if (signer === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise(resolve => (timer = setTimeout(resolve, END_MAX_MS)));
    await Promise.race([signer.process.ended, late]);
    clearTimeout(timer);
  }

  #keep({ path, body }: Sent, { status, body: text }: Reply): void {
    const json = jsonOf(text);
    const [, pkh, query] = SIGN_PATH.exec(path) ?? [];
    if (pkh === undefined) return;
    if (status === 200 && isObject(json) && typeof json['signature'] === 'string') {
      const bytes = hexIn(body);
      const version = new URLSearchParams(query).get('version') ?? undefined;
      const { signature } = json;
      if (bytes === undefined) this.strange.push('a signature for a body that says no bytes');
      else this.released.add({ pkh, bytes, signature, version });
    }
    // A refusal may show what was signed in its place, which has left then, too.
    for (const one of [json].flat()) {
      const shown = isObject(one) ? one['released'] : undefined;
      if (!isObject(shown)) continue;
      const { bytes, signature } = shown;
      if (typeof bytes === 'string' && typeof signature === 'string')
        this.released.add({ pkh, bytes: Buffer.from(bytes, 'hex'), signature });
    }
  }
}

/** A mark is what was permitted. Its signature is stored beside it, that of a vote only after it was given out. */
function positionsIn(body: string): unknown {
  const json = jsonOf(body);
  if (!isObject(json) || !Array.isArray(json['marks'])) return json;
  const marks: readonly unknown[] = json['marks'];
  const places = marks.map(mark => (isObject(mark) ? { ...mark, signature: undefined } : mark));
  const texts = places.map(place => JSON.stringify(place)).sort();
  return { marks: texts.map(text => jsonOf(text)) };
}

/** What is sent for a request of a case. */
export function sentOf(request: Request, { messages }: CaseFile): Sent {
  const { method, path, headers } = request;
  return { method, path, headers, body: bodyOf(request, messages) };
}

/** Who is asked to sign what; undefined for what is no request to sign readable bytes. */
export function signedBy({ path, body }: Sent): { pkh: string; bytes: Buffer } | undefined {
  const [, pkh] = SIGN_PATH.exec(path) ?? [];
  const bytes = hexIn(body);
  return pkh === undefined || bytes === undefined ? undefined : { pkh, bytes };
}

function hexIn(body: Buffer | undefined): Buffer | undefined {
  const text = body === undefined ? undefined : jsonOf(body.toString());
  const isHex = typeof text === 'string' && /^([0-9a-fA-F]{2})*$/.test(text);
  return isHex ? Buffer.from(text, 'hex') : undefined;
}
