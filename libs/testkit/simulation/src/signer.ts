import { duration, later, type Clock, type Instant, type Random } from '@meridian/prelude';
import { sign } from '@meridian/sandbox-chain/signatures';
import type { AttestationMark } from '@meridian/tenderbake';
import { fromHex, level, round } from '@meridian/tezos';
import type { ChainId, PublicKeyHash, SecretKey, Signature } from '@meridian/tezos';
import { readSignBytes } from '@meridian/tezos/forge';
import { NO_MAX_LEVEL, signRequest } from '@meridian/watermark';
import { changeOf, changeOfRows, provision, takeOver } from '@meridian/watermark/administration';
import { memoryStore, type WatermarkStore } from '@meridian/watermark-store';
import type { Recorder } from './recorder.ts';

/** What comes of a request to sign; `gone`: the process died, or is not up again. */
export type Outcome =
  | { readonly kind: 'signature'; readonly signature: Signature }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'gone' };

/** A signer with its store. */
export type Signer = {
  readonly sign: (key: PublicKeyHash, bytes: Uint8Array) => Promise<Outcome>;
  /** What a key attested last; null when it never did, undefined when nobody can say. */
  readonly mark: (key: PublicKeyHash) => Promise<AttestationMark | null | undefined>;
  readonly deaths: () => number;
};

/** What a signer is made of. */
export type SignerOptions = {
  readonly chainId: ChainId;
  readonly secrets: ReadonlyMap<PublicKeyHash, SecretKey>;
  readonly now: Clock;
  readonly random: Random;
  /** How many in a hundred requests the process does not survive. */
  readonly deathPercent: number;
  readonly recorder: Recorder;
  /** What a test puts in the place of the store. */
  readonly guard: (store: WatermarkStore) => WatermarkStore;
  /** Told what is broken for good. */
  readonly broken: (what: string) => void;
};

/** When a process dies: the three moments between a request and its answer. */
const DEATHS = ['before the write', 'after the write', 'after the signature'] as const;
/** How long it takes until another process serves. */
const DOWN_MS = 120;
const FLOOR = { level: level(0), round: round(0) };
const HOLDER = { site: 'here', epoch: 1, incarnation: 'simulated', generation: 0 };

/** A signer whose keys may sign from the first block on. */
export async function startSigner(options: SignerOptions): Promise<Signer> {
  const { chainId, secrets } = options;
  const store = options.guard(await activeStore(chainId, [...secrets.keys()]));
  /** All that the process remembers, and loses: the latest `seq` of each row. */
  let seen = new Map<string, number>();
  let downUntil: Instant | undefined;
  let deaths = 0;
  const isDown = (): boolean => downUntil !== undefined && options.now() < downUntil;
  const die = (): Outcome => {
    deaths += 1;
    downUntil = later(options.now(), duration(DOWN_MS));
    seen = new Map();
    return { kind: 'gone' };
  };
  return {
    sign: async (key, bytes) => {
      // Drawn before anything is awaited, so that the same seed draws the same.
      const dies = options.random.whole(100) < options.deathPercent;
      const death = dies ? options.random.pick(DEATHS) : undefined;
      const secret = secrets.get(key);
      if (isDown() || secret === undefined) return { kind: 'gone' };
      if (death === 'before the write') return die();
      const bare = signRequest(key, bytes, HOLDER);
      const row = `${key}/${bare.kind}`;
      const permitted = await store.advance({ ...bare, seenSeq: seen.get(row) ?? null });
      if (!permitted.ok) return { kind: 'refused', code: permitted.error.code };
      seen.set(row, permitted.value.row.seq);
      if (death === 'after the write') return die();
      const signature = sign(secret, bytes);
      const what = options.recorder.note(key, bytes);
      if (what !== undefined) options.broken(what);
      return death === 'after the signature' ? die() : { kind: 'signature', signature };
    },
    mark: async key => {
      if (isDown()) return undefined;
      const rows = await store.read(chainId, key);
      const row = rows.find(({ kind }) => kind === 'attestation');
      if (row === undefined) return null;
      const subject = row.bytes === null ? undefined : readSignBytes(fromHex(row.bytes));
      const payloadHash = subject?.payloadHash ?? null;
      return { consensusKey: key, level: row.level, round: row.round, payloadHash };
    },
    deaths: () => deaths,
  };
}

async function activeStore(
  chainId: ChainId,
  keys: readonly PublicKeyHash[],
): Promise<WatermarkStore> {
  const store = memoryStore();
  const authority = { ...HOLDER, by: 'first_use', maxLevel: NO_MAX_LEVEL, floor: FLOOR } as const;
  const kinds = ['preattestation', 'attestation'] as const;
  for (const pkh of keys) {
    const key = { chainId, pkh };
    const made = changeOf(key, kinds, (before, row) =>
      provision(before, row, { ...HOLDER, epoch: 0 }, FLOOR, 'new'),
    );
    const taken = changeOfRows(key, kinds, row => takeOver(row, authority));
    for (const change of [made, taken]) {
      const changed = await store.administer(key, change);
      if (!changed.ok) throw new Error(changed.error);
    }
  }
  return store;
}
