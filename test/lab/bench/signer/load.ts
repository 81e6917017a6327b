import {
  level,
  round,
  slot,
  toBase58,
  toHex,
  type ChainId,
  type PublicKeyHash,
} from '@meridian/tezos';
import { voteSignBytes } from '@meridian/tezos/forge';
import type { Reply } from './raw-client.ts';

/** An attestation of a level, in bytes. */
export function voteBytes(chainId: ChainId, at: number): Uint8Array {
  const vote = {
    kind: 'attestation',
    slot: slot(1),
    level: level(at),
    round: round(0),
    block_payload_hash: toBase58('payloadHash', new Uint8Array(32).fill(9)),
  } as const;
  const branch = toBase58('blockHash', new Uint8Array(32).fill(7));
  return voteSignBytes(chainId, { branch, contents: [vote] }, 'plain');
}

/** Who asks: one thing after the other, under a key of its own. */
export type Asker = { readonly pkh: PublicKeyHash; readonly ask: (hex: string) => Promise<Reply> };

/** The levels that the keys have reached; each level is asked for once. */
export class Levels {
  readonly #chainId: ChainId;
  readonly #hexOf = new Map<number, string>();
  #at = 0;

  constructor(chainId: ChainId) {
    this.#chainId = chainId;
  }

  /** The bytes of the next level, the same for all keys. */
  next(): { readonly at: number; readonly hex: string } {
    this.#at += 1;
    return { at: this.#at, hex: this.hex(this.#at) };
  }

  hex(at: number): string {
    const known = this.#hexOf.get(at) ?? toHex(voteBytes(this.#chainId, at));
    this.#hexOf.set(at, known);
    return known;
  }
}

/** Calls a second, when all of them begin the next call as soon as the last one is done. */
export async function ratePerSecond(
  callers: readonly (() => Promise<unknown>)[],
  ms: number,
): Promise<number> {
  const start = performance.now();
  const end = start + ms;
  let calls = 0;
  await Promise.all(
    callers.map(async call => {
      while (performance.now() < end) {
        await call();
        calls += 1;
      }
    }),
  );
  return (calls * 1_000) / (performance.now() - start);
}

/**
 * How long calls take that begin at an even pace, whether or not the ones before are done; in milliseconds. What has
 * to wait for a caller counts from when it was due.
 */
export async function timesAtPace(
  callers: readonly (() => Promise<unknown>)[],
  perSecond: number,
  ms: number,
): Promise<readonly number[]> {
  const times: number[] = [];
  const free = [...callers];
  const due: number[] = [];
  const start = performance.now();
  let begun = 0;
  const running = new Set<Promise<void>>();
  const serve = async (call: () => Promise<unknown>, since: number): Promise<void> => {
    await call();
    times.push(performance.now() - since);
    const waiting = due.shift();
    if (waiting === undefined) free.push(call);
    else await serve(call, waiting);
  };
  while (performance.now() - start < ms) {
    const since = start + (begun * 1_000) / perSecond;
    if (performance.now() < since) {
      await new Promise(resolve => setImmediate(resolve));
      continue;
    }
    begun += 1;
    const call = free.shift();
    if (call === undefined) due.push(since);
    else {
      const run: Promise<void> = serve(call, since).finally(() => running.delete(run));
      running.add(run);
    }
  }
  await Promise.all(running);
  return times;
}
