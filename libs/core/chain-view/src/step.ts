import { unreachable, type Instant } from '@meridian/prelude';
import { hearBlock, retryBlocks } from './blocks.ts';
import type { Verifier } from './judge.ts';
import { learn } from './learn.ts';
import type { ViewEvent, ViewStream } from './messages.ts';
import { expire, tellBlind } from './parking.ts';
import { ask, inTurn, note, wantedRights } from './state.ts';
import type { Unread, ViewState, ViewStep } from './state.ts';
import { hearVotes, retryVotes } from './votes.ts';

/** A stream that is silent for as many rounds 0 is given up: a node sends no sign of life. */
const SILENT_BLOCK_DELAYS_MAX = 3;

/**
 * What many nodes' messages say of the chain: proposals and votes that are proven, facts that most nodes agree on, and
 * what has to be asked. Pure. Events may come late, twice, in another order, and from liars.
 */
export function stepView(state: ViewState, verifier: Verifier, event: ViewEvent): ViewStep {
  if (event.kind === 'tick') return tick(state, verifier, event.at);
  const { at, node } = event;
  switch (event.kind) {
    case 'block':
      return listen(alive(state, node, event.stream, at), verifier, event);
    case 'operations':
      return listen(alive(state, node, 'operations', at), verifier, event);
    case 'answer':
      return inTurn(
        state,
        now => learn(now, verifier, event),
        now => (!canRead(state) && canRead(now) ? readUnread(now, verifier, at) : [now, []]),
      );
    case 'unanswered':
      return [state, []];
    case 'stream': {
      const { stream, open } = event;
      const next = open ? alive(state, node, stream, at) : ended(state, node, stream);
      const { protocol } = next;
      if (protocol !== undefined) return [next, []];
      return ask(next, at, [{ kind: 'chain' }, { kind: 'constants' }]);
    }
  }
  return unreachable(event);
}

/** Items of each node that are kept until they can be read: a view that starts in mid-level needs all of it. */
const UNREAD_PER_NODE_MAX = 256;

function listen(state: ViewState, verifier: Verifier, event: Unread): ViewStep {
  if (!canRead(state)) {
    return ask({ ...state, unread: keepUnread(state.unread, event) }, event.at, [
      { kind: 'chain' },
      { kind: 'constants' },
    ]);
  }
  return event.kind === 'block'
    ? hearBlock(state, verifier, event)
    : hearVotes(state, verifier, event);
}

function keepUnread(unread: readonly Unread[], event: Unread): readonly Unread[] {
  const own = unread.filter(({ node }) => node === event.node);
  const [oldest] = own;
  const kept = own.length < UNREAD_PER_NODE_MAX ? unread : unread.filter(each => each !== oldest);
  return [...kept, event];
}

/** Protocol and constants say how to read blocks, votes and rights. */
function canRead({ protocol, constants }: ViewState): boolean {
  return protocol !== undefined && constants !== undefined;
}

function readUnread(state: ViewState, verifier: Verifier, at: Instant): ViewStep {
  const { unread } = state;
  const blocksFirst = [...unread].sort((one, other) => one.kind.localeCompare(other.kind));
  const steps = blocksFirst.map(
    event => (now: ViewState) => listen(now, verifier, { ...event, at }),
  );
  return inTurn({ ...state, unread: [] }, ...steps);
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
  const missing = !canRead(state);
  return inTurn(
    state,
    now => tellBlind(now, at),
    now => [expire(now, at), []],
    now => (missing ? ask(now, at, [{ kind: 'chain' }, { kind: 'constants' }]) : [now, []]),
    now => (missing || now.level === 0 ? [now, []] : ask(now, at, wantedRights(now, now.level))),
    now => retryBlocks(now, verifier, at),
    now => retryVotes(now, verifier, at),
    now => giveUpSilent(now, at),
  );
}

function giveUpSilent(state: ViewState, at: Instant): ViewStep {
  const { constants } = state;
  if (constants === undefined) return [state, []];
  const silentMsMax = SILENT_BLOCK_DELAYS_MAX * constants.durations.minimalBlockDelay;
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
