import type { Instant } from '@meridian/prelude';
import type { Preattestation } from '@meridian/tenderbake';
import type { Aggregate, Signed, Vote } from '@meridian/tezos/forge';
import { judgeVote, type Verifier } from './judge.ts';
import type { Topic } from './messages.ts';
import { LEVELS_AROUND, parkVotes } from './parking.ts';
import { isObject, readOperations } from './read.ts';
import {
  ask,
  blame,
  inTurn,
  latest,
  type ParkedVote,
  type ViewState,
  type ViewStep,
} from './state.ts';

/** Votes that are remembered, so that each is checked once though every node brings it. */
const HEARD_VOTES_MAX = 8_192;

/** Operations of a mempool: preattestations around the current level are checked and told, once each. */
export function hearVotes(
  state: ViewState,
  verifier: Verifier,
  event: { readonly at: Instant; readonly node: string; readonly items: readonly unknown[] },
): ViewStep {
  // Every node brings every vote: the second time it is known by its words alone, which costs no reading.
  const fresh = event.items.flatMap(item => {
    const name = nameOf(item);
    return name === undefined || state.heardVotes.has(name) ? [] : [{ name, item }];
  });
  if (fresh.length === 0) return [state, []];
  const operations = readOperations(fresh.map(({ item }) => item));
  if (operations === undefined) return blame(state, event.node, 'unreadable');
  const votes = operations.map((operation, at) => ({
    ...{ node: event.node, since: event.at, name: fresh[at]?.name ?? '', operation },
  }));
  return checkVotes(state, verifier, event.at, votes);
}

/** Characters of the words of a vote; a longer item is none. */
const NAME_CHARACTERS_MAX = 1_024;

/**
 * The words of a preattestation, with its signature: a forged one must not hide the true one. Undefined for what is
 * none.
 */
function nameOf(item: unknown): string | undefined {
  if (!isObject(item) || !Array.isArray(item['contents'])) return undefined;
  const [content, ...others] = item['contents'] as unknown[];
  if (!isObject(content) || content['kind'] !== 'preattestation' || others.length > 0)
    return undefined;
  const { level, round, slot, block_payload_hash: payload } = content;
  const name = [level, round, slot, payload, item['branch'], item['signature']].join('/');
  return name.length <= NAME_CHARACTERS_MAX ? name : undefined;
}

/** Checks votes that were not heard before; those that need something are parked. */
export function checkVotes(
  state: ViewState,
  verifier: Verifier,
  at: Instant,
  votes: readonly ParkedVote[],
): ViewStep {
  const heardVotes = new Set(state.heardVotes);
  const waiting: ParkedVote[] = [];
  const counted: Preattestation[] = [];
  const faulty: string[] = [];
  const topics: Topic[] = [];
  for (const vote of votes) {
    if (heardVotes.has(vote.name) || !isNear(state, vote.operation)) continue;
    heardVotes.add(vote.name);
    const verdict = judgeVote(state, verifier, vote.operation);
    if (verdict.ok) counted.push(verdict.value);
    else if (verdict.error.kind === 'fault') faulty.push(vote.node);
    else {
      waiting.push(vote);
      // A vote proves no level, so rights are asked for where blocks are.
      topics.push(...verdict.error.topics.filter(({ kind }) => kind === 'key'));
    }
  }
  const { parked, left } = parkVotes(state.parkedVotes, waiting);
  // What found no place was not heard: another node may bring it.
  for (const { name } of left) heardVotes.delete(name);
  const next: ViewState = {
    ...state,
    heardVotes: latest(heardVotes, HEARD_VOTES_MAX),
    parkedVotes: parked,
  };
  return inTurn(
    next,
    now => [now, counted.length === 0 ? [] : [{ kind: 'preattestations', votes: counted }]],
    ...faulty.map(node => (now: ViewState) => blame(now, node, 'wrong_signature')),
    now => ask(now, at, topics),
  );
}

/** Checks again what was parked. */
export function retryVotes(state: ViewState, verifier: Verifier, at: Instant): ViewStep {
  const { parkedVotes } = state;
  if (parkedVotes.length === 0) return [state, []];
  const heardVotes = new Set(state.heardVotes);
  for (const { name } of parkedVotes) heardVotes.delete(name);
  return checkVotes({ ...state, heardVotes, parkedVotes: [] }, verifier, at, parkedVotes);
}

function isNear({ level }: ViewState, { contents: [vote] }: Signed<Vote | Aggregate>): boolean {
  // A view that has seen no good block yet cannot tell what is near.
  return 'slot' in vote && (level === 0 || Math.abs(vote.level - level) <= LEVELS_AROUND);
}
