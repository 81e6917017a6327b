import { err, ok, type Instant, type Result } from '@meridian/prelude';
import { candidateName, type Candidate } from '@meridian/tenderbake';
import type { Aggregate, Signed, Vote } from '@meridian/tezos/forge';
import { fault, keyTopic, needs, type Obstacle } from './judge.ts';
import type { Topic } from './messages.ts';
import { LEVELS_AROUND, placesOf } from './parking.ts';
import { proveNext } from './proving.ts';
import { isObject, readOperations } from './read.ts';
import { ask, blame, inTurn } from './state.ts';
import type { HeldVote, Signer, ViewState, ViewStep } from './state.ts';

/** What an item says before anybody has read it. */
type Words = {
  /** The words of a vote, with its signature: a forged one must not hide the true one. */
  readonly name: string;
  readonly candidate: string;
  readonly slot: unknown;
  readonly item: unknown;
};

/** Operations of a mempool: preattestations around the current level are held until they are proven or of no use. */
export function hearVotes(
  state: ViewState,
  event: { readonly at: Instant; readonly node: string; readonly items: readonly unknown[] },
): ViewStep {
  // Every node brings every vote: the second time it is known by its words alone, which costs no reading.
  const words = event.items.map(wordsOf);
  if (words.includes('unreadable')) return blame(state, event.node, 'unreadable');
  const open = words.filter(each => typeof each === 'object' && !isSettled(state, each)) as Words[];
  if (open.length === 0) return [state, []];
  const held = open.filter(({ name }) => state.votes.has(name));
  const fresh = [...new Map(open.map(words => [words.name, words])).values()].filter(
    ({ name }) => !state.votes.has(name),
  );
  const operations = readOperations(fresh.map(({ item }) => item));
  const brought = alsoBrought(state, event.node, held);
  if (operations === undefined) return blame(brought, event.node, 'unreadable');
  const votes = operations.flatMap(
    (operation, at) => heldVote(event, fresh[at]?.name ?? '', operation) ?? [],
  );
  return hold(brought, event.at, event.node, votes);
}

/** Characters of the words of a vote; a longer item is none. */
const NAME_CHARACTERS_MAX = 1_024;

/** Undefined for what is no preattestation, or says what it is in bytes. */
function wordsOf(item: unknown): Words | 'unreadable' | undefined {
  if (!isObject(item) || !Array.isArray(item['contents']) || 'data' in item) return undefined;
  const [content, ...others] = item['contents'] as unknown[];
  if (!isObject(content) || content['kind'] !== 'preattestation' || others.length > 0)
    return undefined;
  const { level, round, slot, block_payload_hash: payloadHash } = content;
  const { branch, signature } = item;
  // Nothing else has words that can be trusted to be words.
  const isPlain =
    [level, round, slot].every(each => typeof each === 'number') &&
    [payloadHash, branch, signature].every(each => typeof each === 'string');
  if (!isPlain) return 'unreadable';
  const candidate = candidateName({ level, round, payloadHash, branch });
  const name = `${candidate}/${String(slot)}/${String(signature)}`;
  return name.length <= NAME_CHARACTERS_MAX ? { name, candidate, slot, item } : undefined;
}

/** Whether a vote changes nothing any more: its slot is counted, or its candidate needs no more votes. */
function isSettled({ tallies }: ViewState, { candidate, slot }: Omit<Words, 'name' | 'item'>) {
  const tally = tallies.get(candidate);
  return tally !== undefined && (tally.isReached || tally.slots.has(slot as HeldVote['slot']));
}

/** A forged vote is the fault of everybody who brings it. */
function alsoBrought(state: ViewState, node: string, held: readonly Words[]): ViewState {
  const news = held.flatMap(({ name }) => {
    const vote = state.votes.get(name);
    return vote === undefined || vote.nodes.includes(node) ? [] : [vote];
  });
  if (news.length === 0) return state;
  const votes = new Map(state.votes);
  for (const vote of news) votes.set(vote.name, { ...vote, nodes: [...vote.nodes, node] });
  return { ...state, votes };
}

function heldVote(
  { at, node }: { readonly at: Instant; readonly node: string },
  name: string,
  { branch, contents: [content], signature }: Signed<Vote | Aggregate>,
): HeldVote | undefined {
  if (content.kind !== 'preattestation' || signature === undefined) return undefined;
  const { level, round, block_payload_hash: payloadHash, slot } = content;
  const candidate: Candidate = { level, round, payloadHash, branch };
  return {
    ...{ name, nodes: [node], since: at, candidate, slot, signature },
    ...{ candidateName: candidateName(candidate), signer: undefined },
  };
}

/** Holds votes that are heard for the first time, as far as their node has places. What finds none was not heard. */
function hold(state: ViewState, at: Instant, node: string, fresh: readonly HeldVote[]): ViewStep {
  const hasPlace = placesOf(state, node);
  const taken = fresh.filter(vote => isNear(state, vote) && hasPlace(vote));
  if (taken.length === 0) return [state, []];
  const votes = new Map(state.votes);
  for (const vote of taken) votes.set(vote.name, vote);
  return findSigners({ ...state, votes }, at, taken);
}

/** Looks again for what held votes were lacking. */
export function retryVotes(state: ViewState, at: Instant): ViewStep {
  const lacking = [...state.votes.values()].filter(({ signer }) => signer === undefined);
  return findSigners(state, at, lacking);
}

/** Finds out who has to have signed these votes; then the next ones are proven. */
function findSigners(state: ViewState, at: Instant, lacking: readonly HeldVote[]): ViewStep {
  if (lacking.length === 0) return [state, []];
  const votes = new Map(state.votes);
  const faulty: string[] = [];
  const topics: Topic[] = [];
  for (const vote of lacking) {
    const found = signerOf(state, vote, at);
    if (found.ok) votes.set(vote.name, { ...vote, signer: found.value });
    else if (found.error.kind === 'needs') topics.push(...found.error.topics);
    else {
      votes.delete(vote.name);
      faulty.push(...vote.nodes);
    }
  }
  return inTurn(
    { ...state, votes },
    ...faulty.map(node => (now: ViewState) => blame(now, node, 'no_right')),
    now => ask(now, at, topics),
    now => proveNext(now),
  );
}

/** Whose signature a vote needs. A vote proves no level, so rights are asked for where blocks are. */
function signerOf(
  { rights, keys, headers }: ViewState,
  { candidate, slot }: HeldVote,
  since: Instant,
): Result<Signer, Obstacle> {
  const seat = rights.get(candidate.level)?.seats.find(each => each.slot === slot);
  if (seat === undefined) return rights.has(candidate.level) ? fault('no_right') : needs();
  const key = keys.get(seat.consensusKey);
  if (key === undefined) return needs(keyTopic(seat));
  return isProposed(headers, candidate) ? ok({ key, power: seat.power, since }) : err(NO_BLOCK);
}

/** Only votes for good blocks, whose headers are kept, are worth a check: made-up candidates cost none. */
const NO_BLOCK: Obstacle = { kind: 'needs', topics: [] };

function isProposed(
  headers: ViewState['headers'],
  { level, round, payloadHash, branch }: Candidate,
): boolean {
  for (const { fitness, payloadHash: payload, predecessor } of headers.values()) {
    const isSame = fitness.level === level && fitness.round === round && payload === payloadHash;
    if (isSame && headers.get(predecessor)?.predecessor === branch) return true;
  }
  return false;
}

function isNear({ level }: ViewState, { candidate }: HeldVote): boolean {
  // A view that has seen no good block yet cannot tell what is near.
  return level === 0 || Math.abs(candidate.level - level) <= LEVELS_AROUND;
}
