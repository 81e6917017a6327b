import { ok, type Instant } from '@meridian/prelude';
import type { Proposal } from '@meridian/tenderbake';
import type { BlockHash, Round } from '@meridian/tezos';
import { judgeHeader, type Verifier } from './judge.ts';
import type { NodeFault, Topic, ViewStream } from './messages.ts';
import { isFarAhead, isPast, park, unpark } from './parking.ts';
import { judgeProof } from './proof.ts';
import { isObject, readHeader, type Header } from './read.ts';
import { followProtocol, hearHead, learnTerms } from './terms.ts';
import { answered, ask, blame, inTurn, latest, newest, note, wantedRights } from './state.ts';
import type { ParkedBlock, ViewState, ViewStep } from './state.ts';
import { claim } from './watch.ts';

/** Headers that are remembered: some levels with all their rounds. */
const HEADERS_MAX = 64;
const JUDGED_MAX = 256;

/** A block on a stream: the first node to bring it is as good as any. */
export function hearBlock(
  state: ViewState,
  verifier: Verifier,
  event: {
    readonly at: Instant;
    readonly node: string;
    readonly stream: ViewStream;
    readonly item: unknown;
  },
): ViewStep {
  const { at, node, item } = event;
  const { options } = state;
  const fields = isObject(item) ? item : {};
  const chain = fields['chain_id'];
  if (chain !== undefined && chain !== options.chainId) return blame(state, node, 'other_chain');
  const hash = fields['hash'] as BlockHash;
  if (state.refused.has(hash)) return [state, []];
  // Every node brings every block twice, and what was read needs no reading. Whoever claims the name of another block
  // for his own says nothing new by it.
  const told = state.told.has(hash) ? state.headers.get(hash) : undefined;
  if (told !== undefined) {
    const noted = noteBlock(state, event, told);
    return event.stream === 'heads' ? hearHead(noted, at, node, hash) : [noted, []];
  }
  const known = state.parkedBlocks.get(hash)?.header;
  const header = known === undefined ? readHeader(item) : ok(known);
  if (!header.ok) return blame(state, node, header.error);
  return bring(noteBlock(state, event, header.value), verifier, {
    ...{ at, node, header: header.value, lists: fields['operations'] },
  });
}

function noteBlock(
  state: ViewState,
  { at, node, stream }: { at: Instant; node: string; stream: ViewStream },
  { hash, fitness: { level: height, round } }: Header,
): ViewState {
  const claimed = claim(state, at, node, stream, { hash, place: { level: height, round } });
  return note(claimed, node, ({ level }) => ({
    lastBlockAt: at,
    level: Math.max(level, height),
  }));
}

/** A header as one node brought it, with what it says is in the block, if it says so. */
type Brought = {
  readonly at: Instant;
  readonly node: string;
  readonly header: Header;
  readonly lists: unknown;
};

function bring(state: ViewState, verifier: Verifier, brought: Brought): ViewStep {
  const { at, node, header, lists } = brought;
  const { hash, fitness } = header;
  const isJudged = state.told.has(hash) || state.refused.has(hash);
  if (isJudged || isPast(state, fitness.level)) return [state, []];
  if (isFarAhead(state, at, fitness.level)) return blame(state, node, 'far_ahead');
  const known = state.parkedBlocks.get(hash) ?? fresh(header, at);
  const block = { ...known, nodes: new Set(known.nodes).add(node) };
  return judge(state, verifier, at, Array.isArray(lists) ? withProof(block, node, lists) : block);
}

function fresh(header: Header, since: Instant): ParkedBlock {
  const nothing = { predecessor: undefined, proposal: undefined, proofs: new Map(), lacks: [] };
  return { header, since, nodes: new Set(), ...nothing };
}

/** Notes what a node says is in a block; each node has one try. */
export function withProof(
  block: ParkedBlock,
  node: string,
  lists: readonly unknown[],
): ParkedBlock {
  const isWanted = block.header.fitness.lockedRound !== null && !block.proofs.has(node);
  if (!isWanted) return block;
  return { ...block, proofs: new Map(block.proofs).set(node, { kind: 'lists', lists }) };
}

/** Judges a block, or parks it until what it needs has been read. */
function judge(state: ViewState, verifier: Verifier, at: Instant, block: ParkedBlock): ViewStep {
  const { header } = block;
  const predecessor = state.headers.get(header.predecessor) ?? block.predecessor;
  if (predecessor === undefined) return judgeBlock(state, verifier, at, block, predecessor);
  return inTurn(
    state,
    now => learnTerms(now, predecessor),
    now => judgeBlock(now, verifier, at, block, predecessor),
  );
}

function judgeBlock(
  state: ViewState,
  verifier: Verifier,
  at: Instant,
  block: ParkedBlock,
  predecessor: Header | undefined,
): ViewStep {
  const { header } = block;
  const sound =
    block.proposal === undefined
      ? judgeHeader(state, verifier, header, predecessor)
      : ok(block.proposal);
  if (!sound.ok) {
    const { error } = sound;
    return error.kind === 'fault'
      ? refuse(state, block, error.code)
      : wait(state, at, block, error.topics);
  }
  const { lockedRound } = header.fitness;
  return lockedRound === null
    ? accept(state, verifier, at, block, sound.value)
    : judgeProofs(state, verifier, at, { ...block, proposal: sound.value }, lockedRound);
}

/** A locked round needs a proof, whoever has it; a bad one speaks against the node that brought it, not the block. */
function judgeProofs(
  state: ViewState,
  verifier: Verifier,
  at: Instant,
  block: ParkedBlock & { readonly proposal: Proposal },
  round: Round,
): ViewStep {
  const { header, proposal } = block;
  const proofs = new Map(block.proofs);
  const blames: ((now: ViewState) => ViewStep)[] = [];
  const topics: Topic[] = [];
  for (const [node, proof] of block.proofs) {
    if (proof.kind === 'refused') continue;
    const [read, verdict] = judgeProof(state, verifier, { header, proposal, round }, proof);
    if (verdict.ok) {
      const proven = { ...proposal, prequorumRound: round };
      return inTurn(state, ...blames, now => accept(now, verifier, at, block, proven));
    }
    proofs.set(node, read);
    const { error } = verdict;
    if (error.kind === 'fault') blames.push(now => blame(now, node, error.code));
    else topics.push(...error.topics);
  }
  const asked: Topic = { kind: 'operations', hash: header.hash };
  const lacks = topics.length === 0 ? [asked] : topics;
  return inTurn(state, ...blames, now => wait(now, at, { ...block, proofs }, lacks));
}

/** All of a header is under its hash: no node can bring a better one. */
function refuse(state: ViewState, block: ParkedBlock, code: NodeFault): ViewStep {
  const refused = latest(new Set(state.refused).add(block.header.hash), JUDGED_MAX);
  return inTurn(
    { ...unpark(state, block), refused },
    ...[...block.nodes].map(node => (now: ViewState) => blame(now, node, code)),
  );
}

/** A block for which none of its nodes has a place is not asked about. */
function wait(
  state: ViewState,
  at: Instant,
  block: ParkedBlock,
  lacks: readonly Topic[],
): ViewStep {
  const parked = park(state, { ...block, lacks });
  return parked === state ? [state, []] : ask(parked, at, lacks);
}

/** A good block is told, and what waited for it goes on. */
function accept(
  state: ViewState,
  verifier: Verifier,
  at: Instant,
  block: ParkedBlock,
  proposal: Proposal,
): ViewStep {
  const { header, predecessor, nodes } = block;
  const { hash, timestamp, fitness } = header;
  const headers = new Map(state.headers);
  if (predecessor !== undefined) headers.set(predecessor.hash, predecessor);
  const isHighest = fitness.level > state.level;
  const good: ViewState = {
    ...unpark(state, block),
    ...(isHighest ? { level: fitness.level, reachedAt: timestamp } : {}),
    told: latest(new Set(state.told).add(hash), JUDGED_MAX),
    headers: newest(headers.set(hash, header), HEADERS_MAX),
  };
  const [node = ''] = nodes;
  return inTurn(
    good,
    now => [now, [{ kind: 'proposal', proposal, node }]],
    now => followProtocol(now, at, proposal),
    now => ask(now, at, wantedRights(now, now.level)),
    now => retryBlocks(now, verifier, at, each => each.header.predecessor === hash),
  );
}

/** Judges again what was parked, the lowest first. */
export function retryBlocks(
  state: ViewState,
  verifier: Verifier,
  at: Instant,
  isDue: (block: ParkedBlock) => boolean = () => true,
): ViewStep {
  const blocks = [...state.parkedBlocks.values()].filter(isDue);
  const hashes = blocks
    .sort((one, other) => one.header.fitness.level - other.header.fitness.level)
    .map(({ header }) => header.hash);
  return inTurn(
    state,
    ...hashes.map(hash => (now: ViewState): ViewStep => {
      const block = now.parkedBlocks.get(hash);
      return block === undefined ? [now, []] : judge(now, verifier, at, block);
    }),
  );
}

/**
 * A header that was asked for by its hash: whoever gives it, it is right or it is not this one. It is kept for the
 * blocks that wait for it, and with those that turn out to be good: made-up ones push nothing out.
 */
export function learnHeader(
  state: ViewState,
  node: string,
  hash: BlockHash,
  value: unknown,
): ViewStep {
  const waiting = [...state.parkedBlocks].filter(
    ([, { header, predecessor }]) => header.predecessor === hash && predecessor === undefined,
  );
  if (state.headers.has(hash) || waiting.length === 0) return [state, []];
  const read = readHeader(value);
  if (!read.ok) return blame(state, node, read.error);
  const predecessor = read.value;
  if (predecessor.hash !== hash) return blame(state, node, 'wrong_hash');
  const parkedBlocks = new Map(state.parkedBlocks);
  for (const [name, block] of waiting) parkedBlocks.set(name, { ...block, predecessor });
  // It may go with a bad block, and a good one asks for it at once.
  return [answered({ ...state, parkedBlocks }, { kind: 'header', hash }), []];
}
