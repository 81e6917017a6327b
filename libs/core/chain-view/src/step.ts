import { unreachable, type Instant } from '@meridian/prelude';
import { hearBlock, retryBlocks } from './blocks.ts';
import type { Verifier } from './judge.ts';
import { learn } from './learn.ts';
import type { ViewEvent, ViewStream } from './messages.ts';
import { expire, tellBlind } from './parking.ts';
import { hearVerified } from './proving.ts';
import { ask, inTurn, note, wantedRights } from './state.ts';
import type { ViewState, ViewStep } from './state.ts';
import { awaitTerms, termsOf } from './terms.ts';
import { hearVotes, retryVotes } from './votes.ts';

/** A stream that is silent for as many rounds 0 is given up: a node sends no sign of life. */
const SILENT_BLOCK_DELAYS_MAX = 3;

/**
 * What many nodes' messages say of the chain: proposals and votes that are proven, facts that most nodes agree on, and
 * what has to be asked. Pure. Events may come late, twice, in another order, and from liars.
 */
export function stepView(state: ViewState, verifier: Verifier, event: ViewEvent): ViewStep {
  if (event.kind === 'tick') return tick(state, verifier, event.at);
  if (event.kind === 'verified') return hearVerified(state, event);
  const { at, node } = event;
  switch (event.kind) {
    case 'block':
      return inTurn(
        alive(state, node, event.stream, at),
        now => hearBlock(now, verifier, event),
        // Votes for a block may come before it.
        now => (now.told === state.told ? [now, []] : retryVotes(now, at)),
      );
    case 'operations':
      return hearVotes(alive(state, node, 'operations', at), event);
    case 'answer':
      return learn(state, verifier, event);
    case 'unanswered':
      return [state, []];
    case 'stream': {
      const { stream, open } = event;
      const next = open ? alive(state, node, stream, at) : ended(state, node, stream);
      return isNew(next) ? ask(next, at, [{ kind: 'chain' }]) : [next, []];
    }
  }
  return unreachable(event);
}

/** Whether anything is known of the chain: nodes agreed on a protocol and its constants. */
function isNew({ terms }: ViewState): boolean {
  return terms.size === 0;
}

function alive(state: ViewState, node: string, stream: ViewStream, at: Instant): ViewState {
  return note(state, node, ({ streams }) => ({ streams: new Map(streams).set(stream, at) }));
}

function ended(state: ViewState, node: string, stream: ViewStream): ViewState {
  return note(state, node, ({ streams }) => {
    const open = new Map(streams);
    open.delete(stream);
    return { streams: open };
  });
}

/** Asks again for what is still missing, and gives up streams that are silent for too long. */
function tick(state: ViewState, verifier: Verifier, at: Instant): ViewStep {
  return inTurn(
    state,
    now => tellBlind(now, at),
    now => [expire(now, at), []],
    now => (isNew(now) ? ask(now, at, [{ kind: 'chain' }]) : awaitTerms(now, at)),
    now => (now.level === 0 ? [now, []] : ask(now, at, wantedRights(now, now.level))),
    now => retryBlocks(now, verifier, at),
    now => retryVotes(now, at),
    now => giveUpSilent(now, at),
  );
}

function giveUpSilent(state: ViewState, at: Instant): ViewStep {
  const terms = termsOf(state, state.level);
  if (terms === undefined) return [state, []];
  const silentMsMax = SILENT_BLOCK_DELAYS_MAX * terms.constants.durations.minimalBlockDelay;
  const silent = [...state.nodes].flatMap(([node, { streams }]) =>
    [...streams]
      .filter(([, heardAt]) => at - heardAt > silentMsMax)
      .map(([stream]) => ({ node, stream })),
  );
  return inTurn(
    state,
    ...silent.map(({ node, stream }): ((now: ViewState) => ViewStep) => now => [
      alive(now, node, stream, at),
      [{ kind: 'restart', node, stream }],
    ]),
  );
}
