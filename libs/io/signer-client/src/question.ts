import type { PublicKeyHash } from '@meridian/tezos';
import type { Exchange, Reply, Signer } from './http-signer.ts';
import type { SignerLimits } from './limits.ts';
import type { Panel } from './panel.ts';
import type { Turns } from './turns.ts';

/** What kept a signer from answering. */
export type Trouble = {
  /** Host and port. */
  readonly signer: string;
  /** Meridian's code; undefined where the signer said none. */
  readonly code: string | undefined;
  readonly why: string;
  /** Somebody has to look. */
  readonly alerts: boolean;
};

/** A reply as an answer, or as what keeps the signer from giving one, for now or for long. */
export type Reading<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'passing' | 'lasting'; readonly trouble: Omit<Trouble, 'signer'> };

/** What one of the signers is to answer. */
export type Question<Answer> = {
  readonly key: PublicKeyHash;
  readonly exchange: Exchange;
  /** When the answer was due, on the clock of `performance.now()`. */
  readonly dueAt: number;
  /** Goes before others where turns are scarce. */
  readonly urgent: boolean;
  /** Before a signer that may not answer is asked once more; Infinity: it is asked once. */
  readonly lastingPauseMs: number;
  readonly read: (reply: Reply) => Reading<Answer>;
};

/** What asking takes. */
export type Asking = {
  readonly panel: Panel;
  readonly turns: Turns;
  readonly limits: SignerLimits;
};

/** What became of asking a signer for these bytes. */
type Try = { readonly againAt: number; readonly pauseMs: number; readonly trouble: Trouble };

/**
 * Asks signer after signer for the same bytes, which the watermark makes harmless, until one answers or time is up;
 * each is asked again as soon as what it said may have changed. A turn is held while a signer is asked and never while
 * nobody is. Time runs from when the answer was due, but who waited for a turn until it was up still asks each signer
 * that answers at all.
 * @returns the answer, or what kept each signer from giving one
 */
export async function ask<Answer>(
  asking: Asking,
  question: Question<Answer>,
): Promise<{ readonly answer: Answer } | readonly Trouble[]> {
  const { panel, turns, limits } = asking;
  const tries = new Map<Signer, Try>();
  const endsAt = question.dueAt + limits.deadlineMs;
  for (;;) {
    const againAt = Math.min(...panel.signers.map(signer => tries.get(signer)?.againAt ?? 0));
    if (againAt >= endsAt) break;
    await until(againAt);
    if (!(await turns.take(question.urgent))) return [nobody(`${limits.waitingMax} wait already`)];
    try {
      // Who waited has asked nobody meanwhile: it goes to the signer that answers by now.
      const signer = nextOf(asking, question, tries, { againAt, endsAt });
      if (signer === undefined) break;
      const found = await askOne(asking, question, tries, signer, endsAt);
      if (found !== undefined) return found;
    } finally {
      turns.giveBack();
    }
  }
  const troubles = [...tries.values()].map(({ trouble }) => trouble);
  return troubles.length > 0 ? troubles : [nobody('no time was left')];
}

/** The first signer that may be asked now; once time is up, only one that has not been asked and is well. */
function nextOf<Answer>(
  { panel }: Asking,
  { key }: Question<Answer>,
  tries: ReadonlyMap<Signer, Try>,
  { againAt, endsAt }: { readonly againAt: number; readonly endsAt: number },
): Signer | undefined {
  const now = performance.now();
  // A timer may come a little early.
  const dueAt = Math.max(now, againAt);
  return panel
    .order(key)
    .find(signer =>
      now < endsAt
        ? (tries.get(signer)?.againAt ?? 0) <= dueAt
        : !tries.has(signer) && !panel.isTroubled(signer),
    );
}

async function askOne<Answer>(
  { panel, limits }: Asking,
  { key, exchange, lastingPauseMs, read }: Question<Answer>,
  tries: Map<Signer, Try>,
  signer: Signer,
  endsAt: number,
): Promise<{ readonly answer: Answer } | undefined> {
  const before = tries.get(signer);
  const leftMs = endsAt - performance.now();
  const timeoutMs = before === undefined ? limits.timeoutMs : Math.min(limits.timeoutMs, leftMs);
  const reply = await signer.ask(exchange, timeoutMs);
  const reading: Reading<Answer> =
    typeof reply === 'string'
      ? { kind: 'passing', trouble: { code: undefined, why: reply, alerts: true } }
      : read(reply);
  panel.heard(key, signer, reading.kind);
  if (reading.kind === 'answer') return { answer: reading.answer };
  const pauseMs = Math.min(
    limits.pauseMsMax,
    before === undefined ? limits.pauseMs : 2 * before.pauseMs,
  );
  tries.set(signer, {
    againAt: performance.now() + (reading.kind === 'lasting' ? lastingPauseMs : pauseMs),
    pauseMs,
    trouble: { signer: signer.name, ...reading.trouble },
  });
  return undefined;
}

const nobody = (why: string): Trouble => ({ signer: 'none', code: undefined, why, alerts: true });

async function until(at: number): Promise<void> {
  const ms = at - performance.now();
  if (ms > 0) await new Promise(resolve => setTimeout(resolve, ms));
}
