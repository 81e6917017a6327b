import {
  assert,
  duration,
  instant,
  later,
  ok,
  seededRandom,
  type Instant,
} from '@meridian/prelude';
import { round, roundStart, toBase58 } from '@meridian/tezos';
import type { BlockHash, PublicKeyHash, Round, SecretKey } from '@meridian/tezos';
import { newAgenda } from './agenda.ts';
import { makeBlock, type Draft } from './blocks.ts';
import { contestAfter, type Contest } from './contest.ts';
import type { ChainBlock, ChainEvent, ChainOptions, SandboxChain } from './contract.ts';
import { checkActivations, eraAt, isMigration, protoAt } from './eras.ts';
import { judgeOf } from './judge.ts';
import { memo } from './memo.ts';
import { newMempool } from './mempool.ts';
import { ownerOf, playersOf, rightsTable, seatAt } from './rights.ts';
import { checkTroubles, isForbiddenAt, troubleAt, type TroubleKind } from './troubles.ts';
import { aggregated, castVote } from './votes.ts';
import type { ChainVote, MempoolView, VoteKind } from './votes.ts';

/** How long a node takes from having validated a block to having applied it (recorded: 7 ms). */
const APPLY_MS = 7;
/** The head and the `max_operations_time_to_live` blocks before it (recorded: 9 where that constant is 8). */
const LIVE_BLOCKS = 9;
/** Blocks that are kept besides those of the last two cycles. */
const BLOCKS_KEPT_MIN = 32;

/** A chain whose genesis block is there and whose robots play. */
export function createChain(options: ChainOptions): SandboxChain {
  const chain = new Chain(options);
  return {
    options,
    chainId: chain.chainId,
    genesis: chain.genesis,
    nextWake: () => chain.agenda.next(),
    advanceTo: at => chain.advanceTo(at),
    inject: (at, bytes) => {
      const added = chain.mempool.add(at, bytes);
      if (!added.ok) return added;
      const { hash, vote } = added.value;
      if (vote !== undefined) chain.agenda.note(at, when => chain.heard(when, vote));
      return ok(hash);
    },
    head: () => chain.head(),
    block: hash => chain.blocks.get(hash),
    atLevel: level => chain.main.get(level),
    rights: level => chain.rights(level),
    mempool: () => chain.mempool.operations(),
    liveBlocks: () => chain.liveBlocks(),
    participation: delegate => chain.judge.participation(delegate),
    takeVerdicts: () => chain.judge.takeVerdicts(),
    doubleSignings: () => chain.judge.doubleSignings(),
  };
}

class Chain {
  readonly options: ChainOptions;
  readonly chainId = toBase58('chainId', Uint8Array.of(0x5a, 0x4e, 0x1d, 0x07));
  readonly agenda = newAgenda();
  readonly blocks = new Map<BlockHash, ChainBlock>();
  readonly main = new Map<number, ChainBlock>();
  readonly genesis: ChainBlock;
  readonly rights;
  readonly judge;
  readonly mempool;
  readonly #players;
  readonly #secrets;
  readonly #random;
  #contest: Contest;
  #head: ChainBlock | undefined;
  /** What the mempool sees of the chain, until the next block. */
  #seen: MempoolView | undefined;
  #events: ChainEvent[] = [];

  constructor(options: ChainOptions) {
    checkActivations(options);
    checkTroubles(options);
    this.options = options;
    this.#players = playersOf(options);
    this.#secrets = new Map(this.#players.map(({ delegate, secret }) => [delegate, secret]));
    this.#random = seededRandom(options.seed ^ 0x5eed);
    this.rights = rightsTable(options, this.#players);
    this.judge = judgeOf(options, this.rights);
    this.genesis = this.#makeGenesis();
    this.#keep(this.genesis);
    this.mempool = newMempool(() => this.#view(), this.judge);
    this.#contest = contestAfter(this.genesis);
    this.#noteRound(this.#contest, round(0));
  }

  advanceTo(at: Instant): readonly ChainEvent[] {
    this.agenda.runUntil(at);
    const events = this.#events;
    this.#events = [];
    return events;
  }

  head(): ChainBlock {
    return this.#head ?? this.genesis;
  }

  liveBlocks(): readonly BlockHash[] {
    const live: BlockHash[] = [];
    for (let block: ChainBlock | undefined = this.head(); block && live.length < LIVE_BLOCKS;) {
      live.push(block.hash);
      block = this.blocks.get(block.header.predecessor);
    }
    // The genesis block names itself nowhere, and votes on the first block name what is before it.
    return live.length < LIVE_BLOCKS ? [...live, this.genesis.header.predecessor] : live;
  }

  /** A vote is in the mempool: the nodes tell, and it may complete a quorum. */
  heard(at: Instant, operation: ChainVote): void {
    this.#events.push({ kind: 'operation', at, operation });
    const contest = this.#contest;
    const block = contest.blocks.get(operation.vote.round);
    if (operation.vote.level !== contest.level || block === undefined) return;
    if (operation.vote.kind === 'preattestation') this.#considerPrequorum(at, contest, block);
    else this.#considerQuorum(at, contest, block);
  }

  #makeGenesis(): ChainBlock {
    const secret = this.#players.find(player => player.secret !== undefined)?.secret;
    assert(secret !== undefined, 'a chain has at least one robot');
    const { genesisTime } = this.options;
    const draft = { predecessor: undefined, round: round(0), timestamp: genesisTime };
    const empty = { locked: undefined, consensus: [], toggle: 'pass' } as const;
    return this.#make(0, secret, { ...draft, ...empty });
  }

  #make(level: number, secret: SecretKey, draft: Omit<Draft, 'proto'>): ChainBlock {
    const { protocol } = eraAt(this.options, level);
    const proto = protoAt(this.options, level);
    return makeBlock(this.chainId, protocol, secret, { ...draft, proto });
  }

  #startOf({ level, predecessor }: Contest, of: Round): Instant {
    const before = {
      timestamp: instant(Date.parse(predecessor.header.timestamp)),
      round: predecessor.round,
    };
    return roundStart(eraAt(this.options, level), before, of);
  }

  #noteRound(contest: Contest, of: Round): void {
    this.agenda.note(this.#startOf(contest, of), at => this.#playRound(at, contest, of));
  }

  #playRound(at: Instant, contest: Contest, of: Round): void {
    // Somebody was elected meanwhile, and the next level goes its own way, or this one does anew.
    if (contest.elected !== undefined || contest.level < this.#contest.level) return;
    const isNext = contest.level > this.#contest.level || contest.replaces === this.#contest;
    if (isNext) this.#enter(contest);
    if (contest !== this.#contest) return;
    this.#noteRound(contest, round(of + 1));
    const { committeeSize } = this.options;
    const owner = ownerOf(this.rights(contest.level), of % committeeSize);
    const secret = owner && this.#secrets.get(owner.delegate);
    const missed = this.#trouble(contest, 'missed_rounds');
    if (owner === undefined || secret === undefined || (missed && of < missed.rounds)) return;
    this.#propose(at, contest, of, owner.delegate, secret);
  }

  #enter(contest: Contest): void {
    this.#contest = contest;
    // Until the next block is there, votes for the one before the head may still be sent.
    this.mempool.forgetBelow(contest.level - 2);
  }

  #trouble<Kind extends TroubleKind>({ level }: Contest, kind: Kind) {
    return troubleAt(this.options, level, kind);
  }

  #propose(
    at: Instant,
    contest: Contest,
    of: Round,
    baker: PublicKeyHash,
    secret: SecretKey,
  ): void {
    const { protocol } = eraAt(this.options, contest.level);
    const { predecessor, locked } = contest;
    const consensus = [
      ...(locked ? aggregated(protocol, locked.proof) : []),
      ...aggregated(protocol, this.#attestationsFor(contest)),
    ];
    const draft = {
      predecessor,
      round: of,
      timestamp: at,
      locked,
      consensus,
      toggle: 'pass',
    } as const;
    this.#publish(at, contest, this.#make(contest.level, secret, draft), baker);
    if (of === 0 && this.#trouble(contest, 'double_block')) {
      const rival = this.#make(contest.level, secret, { ...draft, toggle: 'off' });
      this.judge.block(rival, baker);
      this.agenda.note(later(at, this.#latency()), when => {
        this.#events.push({ kind: 'validated', at: when, block: rival });
      });
    }
  }

  /** What a block has of the votes for its predecessor; nobody votes on what needs no votes. */
  #attestationsFor(contest: Contest): readonly ChainVote[] {
    const { options } = this;
    const { predecessor: block } = contest;
    if (block.level === 0 || isMigration(options, block.level)) return [];
    const { votes } = this.mempool.votesFor('attestation', block, this.#branchOf(block));
    const leftOut = options.guests[(this.#trouble(contest, 'left_out')?.guest ?? 0) - 1];
    if (leftOut === undefined) return votes;
    const rights = this.rights(block.level);
    return votes.filter(({ vote }) => seatAt(rights, vote.slot)?.delegate !== leftOut.delegate);
  }

  #publish(at: Instant, contest: Contest, block: ChainBlock, baker: PublicKeyHash): void {
    this.judge.block(block, baker);
    const late = block.round === 0 ? (this.#trouble(contest, 'late_block')?.ms ?? 0) : 0;
    this.agenda.note(later(at, duration(late + this.#latency())), validated => {
      if (contest !== this.#contest || contest.elected !== undefined) return;
      if (Math.max(...contest.blocks.keys()) > block.round) return;
      contest.blocks.set(block.round, block);
      this.#keep(block);
      this.#events.push({ kind: 'validated', at: validated, block });
      this.agenda.note(later(validated, duration(APPLY_MS)), applied => {
        this.#events.push({ kind: 'head', at: applied, block });
      });
      if (contest.returnsTo !== undefined) {
        this.#startAnew(validated, contest, contest.returnsTo);
        return;
      }
      if (isMigration(this.options, block.level)) {
        this.#elect(validated, contest, block);
      } else {
        this.#preattest(validated, contest, block);
      }
      const settled = this.blocks.get(contest.predecessor.header.predecessor);
      const isFirst = contest.blocks.size === 1;
      if (isFirst && settled !== undefined && settled.level > 0) {
        this.judge.settle(settled, contest.predecessor);
      }
    });
  }

  #preattest(at: Instant, contest: Contest, block: ChainBlock): void {
    const holdBack = this.#trouble(contest, 'no_prequorum')?.rounds ?? 0;
    if (block.round < holdBack || at >= this.#startOf(contest, round(block.round + 1))) return;
    this.#robotsVote('preattestation', at, contest, block);
    this.#considerPrequorum(at, contest, block);
  }

  /** The robots know of a fitter predecessor: nobody but guests votes here, and the level begins again. */
  #startAnew(at: Instant, contest: Contest, predecessor: ChainBlock): void {
    if (contest.blocks.size > 1) return;
    const next = contestAfter(predecessor, { replaces: contest });
    let of = round(0);
    while (this.#startOf(next, of) <= at) of = round(of + 1);
    this.#noteRound(next, of);
  }

  #robotsVote(kind: VoteKind, at: Instant, contest: Contest, block: ChainBlock): void {
    const branch = this.#branchOf(block);
    for (const seat of this.rights(contest.level).seats) {
      const secret = this.#secrets.get(seat.delegate);
      if (secret === undefined) continue;
      this.agenda.note(later(at, this.#latency()), when => {
        const { chainId, mempool } = this;
        const { protocol } = eraAt(this.options, contest.level);
        const vote = castVote(chainId, protocol, kind, block, branch, seat, secret);
        const added = mempool.addOwn(when, vote);
        if (added.ok && added.value.vote !== undefined) this.heard(when, added.value.vote);
      });
    }
  }

  #considerPrequorum(at: Instant, contest: Contest, block: ChainBlock): void {
    if (contest.prequorums.has(block.round) || at >= this.#startOf(contest, round(block.round + 1)))
      return;
    const proof = this.mempool.votesFor('preattestation', block, this.#branchOf(block));
    if (proof.power < this.rights(contest.level).threshold) return;
    contest.prequorums.add(block.round);
    contest.locked = { block, round: block.round, proof: [...proof.votes] };
    if (block.round === 0 && this.#trouble(contest, 'no_quorum')) return;
    this.#robotsVote('attestation', at, contest, block);
  }

  #considerQuorum(at: Instant, contest: Contest, block: ChainBlock): void {
    if (contest.elected !== undefined) return;
    const { power } = this.mempool.votesFor('attestation', block, this.#branchOf(block));
    if (power < this.rights(contest.level).threshold) return;
    const isTurned = troubleAt(this.options, contest.level + 1, 'reorganisation') !== undefined;
    contest.unnoticed ??= isTurned ? block : undefined;
    if (contest.unnoticed === block) return;
    this.#elect(at, contest, block);
  }

  #elect(at: Instant, contest: Contest, block: ChainBlock): void {
    contest.elected = block;
    const next = contestAfter(block, { returnsTo: contest.unnoticed });
    let of = round(0);
    while (this.#startOf(next, of) < at) of = round(of + 1);
    this.#noteRound(next, of);
  }

  /** The hash that votes on a block name: that of the block before its predecessor. */
  #branchOf({ header }: ChainBlock): BlockHash {
    return this.blocks.get(header.predecessor)?.header.predecessor ?? header.predecessor;
  }

  #keep(block: ChainBlock): void {
    this.blocks.set(block.hash, block);
    // A block on another branch than the head brings its ancestors along.
    for (
      let each: ChainBlock | undefined = block;
      each !== undefined && this.main.get(each.level)?.hash !== each.hash;
      each = this.blocks.get(each.header.predecessor)
    ) {
      this.main.set(each.level, each);
    }
    this.#head = block;
    this.#seen = undefined;
    const oldest = block.level - Math.max(BLOCKS_KEPT_MIN, 2 * this.options.blocksPerCycle);
    for (const [hash, { level }] of this.blocks) {
      if (level >= oldest) break;
      this.blocks.delete(hash);
      this.main.delete(level);
    }
  }

  #latency(): ReturnType<typeof duration> {
    const { min, max } = this.options.latency;
    return duration(min + this.#random.whole(max - min + 1));
  }

  #view(): MempoolView {
    this.#seen ??= this.#look();
    return this.#seen;
  }

  #look(): MempoolView {
    const live = new Set(this.liveBlocks());
    const blocks = [...live].map(hash => this.blocks.get(hash)).filter(each => each !== undefined);
    return {
      chainId: this.chainId,
      // What comes after the head is the business of its next protocol.
      protocol: eraAt(this.options, this.head().level + 1).protocol,
      headLevel: this.head().level,
      liveBlocks: live,
      isKnown: branch => live.has(branch) || this.blocks.has(branch),
      isIncluded: hash => blocks.some(block => operationsIn(block).has(hash)),
      isForbidden: delegate => isForbiddenAt(this.options, delegate, this.head().level),
      rights: this.rights,
    };
  }
}

const operationsIn = memo(
  ({ operations }: ChainBlock) => new Set(operations.flat().map(({ hash }) => hash)),
);
