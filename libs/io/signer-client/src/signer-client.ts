import {
  parseSignReply,
  renderSignRequest,
  type MarkJson,
  type SignReply,
} from '@meridian/signer-protocol';
import { toHex, type PublicKeyHash } from '@meridian/tezos';
import { httpSigner, type Reply, type Signer } from './http-signer.ts';
import { DEFAULT_LIMITS, type SignerLimits } from './limits.ts';
import { newPanel } from './panel.ts';
import { ask, type Asking, type Reading, type Trouble } from './question.ts';
import { newTurns } from './turns.ts';

/** A signature, a refusal that is final, or what kept every signer from answering. */
export type SignOutcome =
  | Exclude<SignReply, { readonly kind: 'malformed' }>
  | { readonly kind: 'unavailable'; readonly troubles: readonly Trouble[] };

/** What a signature is asked for with. */
export type SignOptions = {
  /** When it was due, on the clock of `performance.now()`; now, unless it is said. */
  readonly dueAt?: number;
  /** Goes before others where turns are scarce. */
  readonly urgent?: boolean;
};

/** Asks signers that share one store: whichever answers, the watermark is the same. */
export type SignerClient = {
  /** Never rejects. */
  readonly sign: (
    pkh: PublicKeyHash,
    payload: Uint8Array,
    options?: SignOptions,
  ) => Promise<SignOutcome>;
  /** The marks of a key; undefined when no signer could say. Never rejects. */
  readonly marks: (pkh: PublicKeyHash) => Promise<readonly MarkJson[] | undefined>;
  readonly close: () => Promise<void>;
};

/**
 * A client of one or several signers. One that is away, slow or unable is passed over for the next one, until one
 * answers or time is up; see {@link ask}.
 * @param urls base addresses, such as `http://127.0.0.1:6732`
 */
export function signerClient(
  urls: readonly string[],
  given: Partial<SignerLimits> = {},
): SignerClient {
  const limits = { ...DEFAULT_LIMITS, ...given };
  const signers = urls.map(url => httpSigner(url, limits));
  return clientOf(signers, limits);
}

/** A client of signers, however they are reached. */
export function clientOf(signers: readonly Signer[], limits: SignerLimits): SignerClient {
  const panel = newPanel(signers);
  const turns = newTurns(limits.connectionsMax, limits.waitingMax);
  const asking: Asking = { panel, turns, limits };
  return {
    sign: async (key, payload, { dueAt = performance.now(), urgent = false } = {}) => {
      const exchange = renderSignRequest(key, toHex(payload));
      const { lastingPauseMs } = limits;
      const read = readSignature;
      const found = await ask(asking, { key, exchange, dueAt, urgent, lastingPauseMs, read });
      return 'answer' in found ? found.answer : { kind: 'unavailable', troubles: found };
    },
    marks: async key => {
      const found = await ask(asking, {
        ...{ key, dueAt: performance.now(), urgent: false, read: readMarks },
        exchange: { method: 'GET', target: `/marks/${key}` },
        // A vote waits for it: that no signer tells is better known at once.
        lastingPauseMs: Infinity,
      });
      return 'answer' in found ? found.answer : undefined;
    },
    close: async () => {
      await Promise.all(signers.map(signer => signer.close()));
    },
  };
}

type SignAnswer = Exclude<SignOutcome, { readonly kind: 'unavailable' }>;

function readSignature({ status, body }: Reply): Reading<SignAnswer> {
  const reply = parseSignReply(status, body);
  if (reply.kind === 'signature') return { kind: 'answer', answer: reply };
  if (reply.kind === 'malformed') return unusable(reply.reason);
  const { persistence, code, message, alerts } = reply;
  if (persistence === 'final') return { kind: 'answer', answer: reply };
  return { kind: persistence, trouble: { code, why: `${status} ${message}`, alerts } };
}

function readMarks(reply: Reply): Reading<readonly MarkJson[] | undefined> {
  if (reply.status === 200) {
    const marks = marksIn(reply.body);
    return marks === undefined ? unusable('no marks') : { kind: 'answer', answer: marks };
  }
  const reading = readSignature(reply);
  return reading.kind === 'answer' ? { kind: 'answer', answer: undefined } : reading;
}

const unusable = (why: string): Reading<never> => ({
  kind: 'passing',
  trouble: { code: undefined, why, alerts: true },
});

function marksIn(body: string): readonly MarkJson[] | undefined {
  try {
    const { marks } = JSON.parse(body) as { marks?: unknown };
    return Array.isArray(marks) ? (marks as MarkJson[]) : undefined;
  } catch {
    return undefined;
  }
}
