import { PASS_FAULTS } from '@meridian/attribution';
import { followNodes } from '@meridian/node-pool';
import { fineClock } from '@meridian/prelude';
import type { PublicKeyHash } from '@meridian/tezos';
import {
  driveLine,
  nativeVerifier,
  openChecker,
  readAll,
  readOperations,
} from '@meridian/vote-feed';
import { wordOf, type DrivenLine } from '@meridian/vote-feed';
import type { LineEffect, LineState } from '@meridian/vote-line';
import type { Agreed } from './agreed.ts';
import { openBook, type Book, type BookOptions } from './book.ts';
import { noteCast, noteEffect } from './diary.ts';
import type { Tally } from './report.ts';
import { troubleTeller, type Troubles } from './troubles.ts';
import type { ShadowWish } from './wish.ts';

/** How often half-open streams and unanswered questions are looked for, as the endorser does. */
const TICK_MS = 250;
/** After this time without any block a line says what is missing. */
const PATIENCE_MS = 15_000;
/** No vote is ever made, so what would be posted is nothing. */
const NOTHING = '';

/**
 * Runs the line of votes over nodes that are only followed: there is no key, and nothing that could post. A vote counts
 * as signed at once, and no mark is known, since nothing was ever signed here. Ends when its levels are compared, or
 * with `stopped`.
 */
export async function follow(
  { nodes, quorum, delegates, levels }: ShadowWish,
  { chainId, keys }: Agreed,
  stopped: Promise<undefined>,
  tell: (line: string) => void,
): Promise<{ readonly tally: Tally; readonly troubles: Troubles }> {
  const clock = fineClock(Date.now, () => performance.now());
  let isOver = false;
  const say = (text: string): void => {
    if (!isOver) tell(text);
  };
  const troubles = troubleTeller(say);
  const full = Promise.withResolvers<undefined>();
  const read: BookOptions['read'] = hash => {
    void readOperations(watch, line.state(), hash, {
      disbelieved: (node, fault) => troubles.disbelieved(node, fault, PASS_FAULTS[fault]),
      unanswered: (node, path) => troubles.unanswered(node, 'operations', path),
    }).then(attestations => {
      if (attestations !== undefined) book.hear({ kind: 'pass', hash, attestations });
    });
  };
  const book = openBook({ keys, levels, say, read, full: () => full.resolve(undefined) });
  const checker = openChecker();
  const watch = followNodes({ nodes, clock }, message => {
    troubles.ofNode(message);
    line.hear(wordOf(message));
  });
  const line: DrivenLine = driveLine(
    { chainId, keys, quorum },
    { sign: 'at_prequorum' },
    {
      clock,
      verifier: nativeVerifier(),
      check: checker.check,
      sign: () => Promise.resolve(NOTHING),
      mark: () => Promise.resolve(null),
      inject: (_, ballot) => book.note(diary => noteCast(diary, clock(), ballot)),
      read: topic => readAll(watch, clock, topic, event => line.hear(event)),
      restart: (node, stream) => watch.restart(node, stream),
      // What is left of timers does not hold up the end.
      wakeAt: (at, wake) => setTimeout(wake, Math.max(0, at - clock())).unref(),
      observe: (event, effects) => {
        troubles.ofLine(event, effects);
        for (const effect of effects) {
          book.note(diary => noteEffect(diary, event.at, effect));
          tellBook(book, new Set(delegates), effect);
        }
      },
    },
  );
  const ticking = setInterval(() => line.hear({ kind: 'tick', at: clock() }), TICK_MS);
  const waiting = setTimeout(() => {
    if (!book.hasBegun()) say(whatIsMissing(line.state(), quorum, nodes.length));
  }, PATIENCE_MS);
  await Promise.race([full.promise, stopped]);
  isOver = true;
  clearInterval(ticking);
  clearTimeout(waiting);
  const found = { tally: book.tally(), troubles: troubles.counts() };
  await watch.close();
  await checker.close();
  return found;
}

/** Tells the book what the line found out. A right of a delegate counts whichever key it votes with. */
function tellBook(book: Book, delegates: ReadonlySet<PublicKeyHash>, effect: LineEffect): void {
  if (effect.kind === 'facts') {
    const { level, seats } = effect.facts;
    const own = [...seats.values()].filter(({ delegate }) => delegates.has(delegate));
    book.hear({ kind: 'seats', level, seats: own });
  }
  if (effect.kind !== 'proposal') return;
  const { hash, level, predecessor } = effect.proposal;
  const before = { predecessor: predecessor.hash, grandparent: predecessor.predecessor };
  book.hear({ kind: 'block', hash, level, ...before });
}

function whatIsMissing({ view }: LineState, quorum: number, nodes: number): string {
  const missing =
    view.terms.size === 0
      ? 'the protocol and constants'
      : view.rights.size === 0
        ? 'the rights of a level'
        : undefined;
  const need = `${quorum.toString()} of ${nodes.toString()} nodes have to agree on`;
  return missing === undefined
    ? 'waiting for a block that proves itself'
    : `waiting: ${need} ${missing}`;
}
