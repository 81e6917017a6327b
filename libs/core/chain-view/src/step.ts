import { unreachable, type Instant } from '@meridian/prelude';
import { hearBlock, retryBlocks } from './blocks.ts';
import type { Verifier } from './judge.ts';
import { learn } from './learn.ts';
import type { ViewEvent } from './messages.ts';
import { expire, tellBlind } from './parking.ts';
import { hearVerified } from './proving.ts';
import { ask, inTurn, wantedRights } from './state.ts';
import type { ViewState, ViewStep } from './state.ts';
import { awaitTerms } from './terms.ts';
import { hearVotes, retryVotes } from './votes.ts';
import { claimVotes, credit, noteHead, turn, watch } from './watch.ts';

/**
 * What many nodes' messages say of the chain: proposals and votes that are proven, facts that most nodes agree on, and
 * what has to be asked. Pure. Events may come late, twice, in another order, and from liars.
 */
export function stepView(state: ViewState, verifier: Verifier, event: ViewEvent): ViewStep {
  if (event.kind === 'tick') return tick(state, verifier, event.at);
  if (event.kind === 'verified') {
    return inTurn(
      state,
      now => hearVerified(now, event),
      now => [credit(now, event.at), []],
    );
  }
  const { at, node } = event;
  switch (event.kind) {
    case 'block':
      return inTurn(
        state,
        now => hearBlock(now, verifier, event),
        // Votes for a block may come before it.
        now => (now.told === state.told ? [now, []] : retryVotes(now, at)),
        now => [credit(now, at), []],
      );
    case 'operations':
      return inTurn(
        state,
        now => hearVotes(now, event),
        now => [credit(claimVotes(now, at, node, event.items), at), []],
      );
    case 'answer':
      return inTurn(
        event.topic.kind === 'chain' ? noteHead(state, at, node, event.value) : state,
        now => learn(now, verifier, event),
      );
    case 'unanswered':
      return [state, []];
    case 'stream': {
      const next = turn(state, at, node, event.stream, event.state);
      return isNew(next) ? ask(next, at, [{ kind: 'chain' }]) : [next, []];
    }
  }
  return unreachable(event);
}

/** Whether anything is known of the chain: nodes agreed on a protocol and its constants. */
function isNew({ terms }: ViewState): boolean {
  return terms.size === 0;
}

/** Asks again for what is still missing, and gives up streams that are half-open. */
function tick(state: ViewState, verifier: Verifier, at: Instant): ViewStep {
  return inTurn(
    state,
    now => tellBlind(now, at),
    now => [expire(now, at), []],
    now => (isNew(now) ? ask(now, at, [{ kind: 'chain' }]) : awaitTerms(now, at)),
    now => (now.level === 0 ? [now, []] : ask(now, at, wantedRights(now, now.level))),
    now => retryBlocks(now, verifier, at),
    now => retryVotes(now, at),
    now => watch(now, at),
  );
}
