import type { Agent } from 'node:http';
import { isObject, jsonOf } from '../conformance/expectations.ts';
import { exchange, keptConnections, type Reply } from '../conformance/exchange.ts';
import type { Release } from '../conformance/released.ts';
import { KEYS } from './keys.ts';
import { bytesAt } from './places.ts';
import type { Wish } from './plan.ts';

/** What came of a request. */
export type Outcome = {
  /** `signed`, or the status with the code of the refusal, or how it failed without one. */
  readonly name: string;
  /** Everything that left: also what a refusal shows of the signature that was given in its place. */
  readonly releases: readonly Release[];
};

const CODE = /"meridian\.([a-z_]+)"/;

/** Clients that ask signers at once, over connections that they keep. */
export class Crowd {
  readonly #connectionsMax: number;
  readonly #agents = new Map<number, Agent>();

  constructor(connectionsMax: number) {
    this.#connectionsMax = connectionsMax;
  }

  /** Asks the signer at a URL, which is undefined while it is down. Never rejects. */
  async ask(url: string | undefined, wish: Wish, level: number): Promise<Outcome> {
    if (url === undefined) return { name: 'connection refused', releases: [] };
    const { curve, kind, round, payload, signer } = wish;
    const pkh = KEYS[curve].public_key_hash;
    const bytes = bytesAt({ kind, level, round, isBls: curve === 'tz4' }, payload);
    const reply = await exchange(
      { url, agent: this.#agentOf(signer) },
      {
        ...{ method: 'POST', path: `/keys/${pkh}` },
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(JSON.stringify(bytes.toString('hex'))),
      },
    );
    return outcomeOf(reply, pkh, bytes);
  }

  /** Cuts all connections to a signer, with what is asked on them. */
  hangUp(signer: number): void {
    this.#agents.get(signer)?.destroy();
    this.#agents.delete(signer);
  }

  close(): void {
    for (const signer of [...this.#agents.keys()]) this.hangUp(signer);
  }

  #agentOf(signer: number): Agent {
    const agent = this.#agents.get(signer) ?? keptConnections(this.#connectionsMax);
    this.#agents.set(signer, agent);
    return agent;
  }
}

function outcomeOf({ status, body }: Reply, pkh: string, bytes: Buffer): Outcome {
  if (status === 200) {
    const json = jsonOf(body);
    const signature = isObject(json) ? json['signature'] : undefined;
    if (typeof signature !== 'string') return { name: '200 without a signature', releases: [] };
    return { name: 'signed', releases: [{ pkh, bytes, signature }] };
  }
  if (typeof status !== 'number') return { name: status, releases: [] };
  const code = CODE.exec(body)?.[1] ?? '';
  return { name: `${status} ${code}`.trim(), releases: shownIn(body, pkh) };
}

function shownIn(body: string, pkh: string): readonly Release[] {
  if (!body.includes('"released"')) return [];
  return [jsonOf(body)].flat().flatMap(one => {
    const shown = isObject(one) ? one['released'] : undefined;
    if (!isObject(shown)) return [];
    const { bytes, signature } = shown;
    if (typeof bytes !== 'string' || typeof signature !== 'string') return [];
    return [{ pkh, bytes: Buffer.from(bytes, 'hex'), signature }];
  });
}
