import type { Keystore } from '@meridian/keystore';
import {
  protocolProblem,
  refusalProblem,
  type Answer,
  type Problem,
} from '@meridian/signer-protocol';
import { err, ok, type Result } from '@meridian/prelude';
import { toHex, type ChainId, type PublicKeyHash, type Signature } from '@meridian/tezos';
import { readSignBytes } from '@meridian/tezos/forge';
import { signRequest, type Holder, type SignRequest } from '@meridian/watermark';
import type { WatermarkStore } from '@meridian/watermark-store';

/** What happened to a request, for log and metrics. */
export type SignOutcome = {
  readonly kind: SignRequest['kind'];
  readonly pkh: PublicKeyHash;
  readonly level: number;
  readonly round: number;
  /** `signed`, `released` for a signature that was stored, or the code of a refusal. */
  readonly outcome: string;
};

/** What signing needs. */
export type SigningParts = {
  readonly chainId: ChainId;
  readonly keystore: Keystore;
  /** Undefined while another process holds the store. */
  readonly store: () => WatermarkStore | undefined;
  readonly observe: (outcome: SignOutcome) => void;
  /** The signature of a vote is not known to be stored, though it may leave; `outcome` is the code of why. */
  readonly unsealed: (outcome: SignOutcome) => void;
};

/** Signs what the watermark permits; see {@link createSigning}. */
export type Signing = (pkh: PublicKeyHash, bytes: Uint8Array) => Promise<Result<Answer, Problem>>;

/**
 * The way of every request to sign: the mark is made durable, then the vault is asked, and a block's signature is
 * stored before it leaves (rules 2 and 4). Requests for the same bytes of the same key that come while the first is
 * under way share its outcome, so the vault sees a block once.
 */
export function createSigning(parts: SigningParts): Signing {
  const underWay = new Map<string, Promise<Result<Answer, Problem>>>();
  let memory: RowMemory | undefined;
  // Each store has a memory of its own, so that a late answer of one says nothing of another.
  const memoryOf = (store: WatermarkStore): RowMemory => {
    if (memory?.store !== store) memory = new RowMemory(store);
    return memory;
  };
  return (pkh, bytes) => {
    const name = `${pkh}/${toHex(bytes)}`;
    const running = underWay.get(name);
    if (running !== undefined) return running;
    const outcome = signOnce(parts, memoryOf, pkh, bytes).finally(() => underWay.delete(name));
    underWay.set(name, outcome);
    return outcome;
  };
}

async function signOnce(
  parts: SigningParts,
  memoryOf: (store: WatermarkStore) => RowMemory,
  pkh: PublicKeyHash,
  bytes: Uint8Array,
): Promise<Result<Answer, Problem>> {
  const { kind, chainId, level, round } = readSignBytes(bytes);
  const tell = (outcome: string): void => parts.observe({ kind, pkh, level, round, outcome });
  const refuse = (problem: Problem): Result<Answer, Problem> => {
    tell(problem.code);
    return err(problem);
  };
  if (!parts.keystore.keys().some(key => key.pkh === pkh))
    return refuse(protocolProblem('unknown_key', pkh));
  if (chainId !== parts.chainId)
    return refuse(protocolProblem('not_allowed', `a signature on ${chainId}`));
  const store = parts.store();
  if (store === undefined) return refuse(protocolProblem('store_unavailable'));
  try {
    const memory = memoryOf(store);
    const known = await memory.of(chainId, pkh, kind);
    if (known === undefined) return refuse(refusalProblem({ code: 'missing_row' }));
    const request = signRequest(pkh, bytes, known.holder, known.seenSeq);
    const permitted = await store.advance(request);
    if (!permitted.ok) return refuse(refusalProblem(permitted.error));
    memory.saw(permitted.value.row);
    const stored = permitted.value.signature;
    if (stored !== null) {
      tell('released');
      return ok({ signature: stored as Signature });
    }
    return await useVault(parts, memory, request, bytes, tell);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return refuse(protocolProblem('store_unavailable', why));
  }
}

async function useVault(
  { keystore, unsealed }: SigningParts,
  memory: RowMemory,
  request: SignRequest,
  bytes: Uint8Array,
  tell: (outcome: string) => void,
): Promise<Result<Answer, Problem>> {
  let signature: Signature;
  try {
    signature = await keystore.sign(request.pkh, bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    tell('vault_unavailable');
    return err(protocolProblem('vault_unavailable', why));
  }
  const sealed = memory.store.seal(request, signature);
  if (request.kind === 'block') {
    const outcome = await sealed;
    if (!outcome.ok) {
      tell(outcome.error.code);
      return err(refusalProblem(outcome.error));
    }
    memory.saw(outcome.value);
  } else {
    // A vote may be signed again over the same bytes, so its signature need not wait for the store. That a store
    // forgot the permission is reported at once, not at the next request; the store itself has latched the key.
    const { kind, pkh, level, round } = request;
    const lost = (outcome: string): void => unsealed({ kind, pkh, level, round, outcome });
    sealed
      .then(
        outcome => {
          if (outcome.ok) memory.saw(outcome.value);
          else lost(outcome.error.code);
        },
        () => lost('store_unavailable'),
      )
      // A report that cannot be made, as on a full disk, ends nothing that is under way.
      .catch(() => undefined);
  }
  tell('signed');
  return ok({ signature });
}

/** What is remembered of a row between requests. */
type Known = { readonly holder: Holder; readonly seenSeq: number };

/** What this process knows of the rows of a store: whose they are, and the latest `seq` that it saw (rule 8). */
class RowMemory {
  readonly store: WatermarkStore;
  readonly #rows = new Map<string, Known>();

  constructor(store: WatermarkStore) {
    this.store = store;
  }

  async of(
    chainId: ChainId,
    pkh: PublicKeyHash,
    kind: SignRequest['kind'],
  ): Promise<Known | undefined> {
    const found = this.#rows.get(`${pkh}/${kind}`);
    if (found !== undefined) return found;
    for (const row of await this.store.read(chainId, pkh)) this.saw(row);
    return this.#rows.get(`${pkh}/${kind}`);
  }

  saw(row: Holder & { readonly pkh: string; readonly kind: string; readonly seq: number }): void {
    const { site, epoch, incarnation, generation, seq } = row;
    const name = `${row.pkh}/${row.kind}`;
    const seenSeq = Math.max(seq, this.#rows.get(name)?.seenSeq ?? 0);
    const holder = this.#rows.get(name)?.holder ?? { site, epoch, incarnation, generation };
    this.#rows.set(name, { holder, seenSeq });
  }
}
