import { newView, stepView } from '@meridian/chain-view';
import type { Verifier, ViewEffect, ViewEvent, ViewOptions, ViewState } from '@meridian/chain-view';
import { newVoter, stepVoter } from '@meridian/tenderbake';
import type { VoterEffect, VoterEvent, VoterOptions, VoterState } from '@meridian/tenderbake';

/** All that a line of votes knows. */
export type LineState = { readonly view: ViewState; readonly voter: VoterState };

/** What comes from outside: words of nodes, and answers to what the voter wanted. */
export type LineEvent =
  ViewEvent | Extract<VoterEvent, { readonly kind: 'marks' | 'signed' | 'timer' }>;

/** What goes outside. Proposals, facts and prequorums are told for logs and metrics; they are done with already. */
export type LineEffect = ViewEffect | VoterEffect;

/** A line that has heard nothing yet. */
export function newLine(view: ViewOptions, voter: VoterOptions): LineState {
  return { view: newView(view), voter: newVoter(voter) };
}

/** What is done about an event: block → preattestation → prequorum → attestation, whoever brings the news. */
export function stepLine(
  state: LineState,
  verifier: Verifier,
  event: LineEvent,
): readonly [LineState, readonly LineEffect[]] {
  if (event.kind === 'marks' || event.kind === 'signed' || event.kind === 'timer') {
    const [voter, effects] = stepVoter(state.voter, event);
    return [{ ...state, voter }, effects];
  }
  const [view, found] = stepView(state.view, verifier, event);
  let { voter } = state;
  const effects: LineEffect[] = [];
  for (const each of found) {
    effects.push(each);
    if (!isNews(each)) continue;
    const [next, wishes] = stepVoter(voter, { ...each, at: event.at });
    voter = next;
    effects.push(...wishes);
  }
  return [{ view, voter }, effects];
}

/** What a view found that the voter has to know. */
type News = Extract<ViewEffect, { readonly kind: 'proposal' | 'facts' | 'prequorum' }>;

function isNews(effect: ViewEffect): effect is News {
  return effect.kind === 'proposal' || effect.kind === 'facts' || effect.kind === 'prequorum';
}
