import type { Keystore } from '@meridian/keystore';
import { err, ok, type Clock, type Result } from '@meridian/prelude';
import { protocolProblem, refusalProblem } from '@meridian/signer-protocol';
import type { Answer, Problem } from '@meridian/signer-protocol';
import { toHex, type PublicKeyHash, type Signature } from '@meridian/tezos';
import { readSignBytes, type SignSubject } from '@meridian/tezos/forge';
import { continuationRefusal, REFUSALS, signRequest } from '@meridian/watermark';
import type { Permission, Refusal, Row, SignRequest } from '@meridian/watermark';
import { STORE_ERRORS, StoreError } from '@meridian/watermark-store';
import type { Journal, StoreErrorCode, WatermarkStore } from '@meridian/watermark-store';
import { within } from './deadline.ts';
import { latchDoubted, type Doubts } from './doubts.ts';
import { horizonRefusal, policyProblem, type Policy } from './policy.ts';
import { ReleasedSignatures } from './released.ts';
import { signAndSeal } from './vault.ts';

/** What happened to a request, for log, metrics and audit. */
export type SignOutcome = {
  readonly chainId: SignRequest['chainId'];
  readonly kind: SignRequest['kind'];
  readonly pkh: PublicKeyHash;
  readonly level: number;
  readonly round: number;
  /** `signed`, `released` for a signature that was given before, or the code of a refusal. */
  readonly outcome: string;
  /** What the store failed with, where that is why. */
  readonly code?: StoreErrorCode;
};

/** A part of the way of a request that takes time. */
export type Stage = 'store' | 'vault';

/** What guards the keys: the rows, and what this signer knows of them outside their store. */
export type Guard = {
  readonly store: WatermarkStore;
  /** Under which epoch this signer signs is known from here alone. */
  readonly journal: Pick<Journal, 'known' | 'noteSoon' | 'horizon' | 'probe'>;
};

/** What signing needs. */
export type SigningParts = {
  /** The site that this signer belongs to: one store with all its signers. */
  readonly site: string;
  readonly policy: Policy;
  readonly keystore: Pick<Keystore, 'sign'>;
  readonly doubts: Doubts;
  /** Undefined while another process holds them. */
  readonly guard: () => Guard | undefined;
  readonly now: Clock;
  readonly observe: (outcome: SignOutcome) => void;
  readonly took: (stage: Stage, ms: number) => void;
  /** The signature of a vote is not known to be stored, though it may leave; `outcome` is the code of why. */
  readonly unsealed: (outcome: SignOutcome) => void;
};

/** The answer to a request to sign. */
export type Signed = Result<Answer, Problem>;

/** Signs what the watermark permits; see {@link createSigning}. */
export type Signing = (pkh: PublicKeyHash, bytes: Uint8Array) => Promise<Signed>;

/** How long a second request for a block waits for the first one's signature. */
const BLOCK_WAIT_MAX_MS = 300;
/** How often is looked whether another signer of the site has stored the signature of a block meanwhile. */
const BLOCK_LOOK_MS = 25;

/**
 * The way of every request to sign: the mark is made durable, then the vault is asked, and a block's signature is
 * stored before it leaves (rules 2 and 4). Requests for the same bytes of the same key that come while the first is
 * under way share its outcome, so the vault sees a block once; what has left before is handed out again from memory.
 */
export function createSigning(parts: SigningParts): Signing {
  const underWay = new Map<string, Promise<Signed>>();
  const released = new ReleasedSignatures();
  return (pkh, given) => {
    // The caller's bytes may change while the store is asked.
    const bytes = Uint8Array.from(given);
    const subject = readSignBytes(bytes);
    const name = `${pkh}/${toHex(bytes)}`;
    const running = underWay.get(name);
    if (running !== undefined) return subject.kind === 'block' ? patiently(running) : running;
    const outcome = signOnce(parts, released, { pkh, bytes, subject, name }).finally(() =>
      underWay.delete(name),
    );
    underWay.set(name, outcome);
    return outcome;
  };
}

function patiently(running: Promise<Signed>): Promise<Signed> {
  const late = (): Signed => err(protocolProblem('signing_in_progress'));
  return within(running, BLOCK_WAIT_MAX_MS, late);
}

type Asked = {
  readonly pkh: PublicKeyHash;
  readonly bytes: Uint8Array;
  readonly subject: SignSubject;
  /** Key and bytes: what is equal is one request. */
  readonly name: string;
};

async function signOnce(
  parts: SigningParts,
  released: ReleasedSignatures,
  asked: Asked,
): Promise<Signed> {
  const { pkh, subject, name } = asked;
  const { kind, chainId, level, round } = subject;
  const tell = (outcome: string, code?: StoreErrorCode): void =>
    parts.observe({ chainId, kind, pkh, level, round, outcome, ...(code && { code }) });
  const refuse = (problem: Problem, code?: StoreErrorCode): Signed => {
    tell(problem.code, code);
    return err(problem);
  };
  const release = (signature: Signature, outcome: 'signed' | 'released'): Signed => {
    released.add(name, signature);
    tell(outcome);
    return ok({ signature });
  };
  const before = released.get(name);
  if (before !== undefined) return release(before, 'released');
  const forbidden = policyProblem(parts.policy, pkh, subject);
  if (forbidden !== undefined) return refuse(forbidden);
  const guard = parts.guard();
  if (guard === undefined) return refuse(protocolProblem('store_unavailable'));
  try {
    const permitted = await permissionFor(parts, guard, asked);
    if (!permitted.ok) return refuse(refusalProblem(permitted.error));
    const { request, signature: stored } = permitted.value;
    if (stored !== null) return release(stored as Signature, 'released');
    const signed = await signAndSeal(parts, guard, request, asked.bytes);
    return signed.ok ? release(signed.value, 'signed') : refuse(signed.error);
  } catch (error) {
    // What is no fault of the store is one of ours, and told as such by who answers.
    if (!(error instanceof StoreError)) throw error;
    return refuse(protocolProblem('store_unavailable', STORE_ERRORS[error.code]), error.code);
  }
}

/** What a request is made from, and held against afterwards. */
type Made = { readonly request: SignRequest; readonly known: Row };

/** The request under the holder that this signer knows, which it never learns from the store (rule 5). */
function requestOf(
  { site, doubts, now }: SigningParts,
  { journal }: Guard,
  { pkh, bytes, subject: { chainId, kind, level } }: Asked,
): Result<Made, Refusal> {
  const refusal =
    doubts.of({ chainId, pkh }) ?? horizonRefusal(journal.horizon(chainId), level, now());
  if (refusal !== undefined) return err(refusal);
  const known = journal.known({ chainId, pkh, kind });
  if (known === undefined) return err({ code: 'unknown_row' });
  // A row becomes active under a later epoch only, and that is never learnt from the store either.
  if (known.mode !== 'active') return err({ code: known.mode });
  const { epoch, incarnation, generation, seq } = known;
  return ok({
    known,
    request: signRequest(pkh, bytes, { site, epoch, incarnation, generation }, seq),
  });
}

type Permitted = Permission & { readonly request: SignRequest };

/**
 * Asks the store. A block that another signer of the site was permitted is asked for again for a while: each time it
 * is the write that decides, and it succeeds once the signature is stored.
 */
async function permissionFor(
  parts: SigningParts,
  guard: Guard,
  asked: Asked,
): Promise<Result<Permitted, Refusal>> {
  const since = performance.now();
  for (;;) {
    // Made anew each time: what the store said last time is known by now.
    const made = requestOf(parts, guard, asked);
    if (!made.ok) return made;
    const { request, known } = made.value;
    // What could not be noted afterwards would spend a block for nothing.
    guard.journal.probe();
    const outcome = await guard.store.advance(request);
    const ms = performance.now() - since;
    const doubt = await doubtOf(parts, guard, known, outcome);
    const isWaiting = !outcome.ok && outcome.error.code === 'block_spent' && doubt === undefined;
    if (isWaiting && ms < BLOCK_WAIT_MAX_MS) {
      await new Promise(resolve => setTimeout(resolve, BLOCK_LOOK_MS));
      continue;
    }
    parts.took('store', ms);
    if (doubt !== undefined) return err(doubt);
    return outcome.ok ? ok({ ...outcome.value, request }) : outcome;
  }
}

/**
 * Why what the store answered cannot be true: its row does not continue what this signer knew when it asked. A
 * permission that contradicts the journal is none (rules 3 and 8). What does continue it is known from now on.
 */
async function doubtOf(
  { doubts }: SigningParts,
  { store, journal }: Guard,
  known: Row,
  outcome: Result<Permission, Refusal>,
): Promise<Refusal | undefined> {
  if (!outcome.ok) doubts.note(known, outcome.error);
  const row = outcome.ok ? outcome.value.row : outcome.error.row;
  if (row === undefined) return undefined;
  const refusal = continuationRefusal(known, row);
  if (refusal === undefined) {
    journal.noteSoon(row);
    return undefined;
  }
  if (!REFUSALS[refusal.code].latches) return outcome.ok ? refusal : undefined;
  doubts.note(known, refusal, row);
  await latchDoubted(store, known);
  return refusal;
}
