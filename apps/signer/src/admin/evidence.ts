import { duration, instant, type Instant } from '@meridian/prelude';
import { level, type ChainId, type PublicKeyHash } from '@meridian/tezos';
import type { Horizon } from '@meridian/watermark';
import { z } from '@meridian/service/schema';
import { address, chain, name, position } from './arguments.ts';
import type { AdminJournal } from './desk.ts';
import { AdminError } from './errors.ts';

/** Nodes that are asked at most. */
const NODES_MAX = 100;
/** Signs of use that are listed at most. */
export const SIGNS_MAX = 10;

const nodes = z.array(z.string().min(1).max(500)).max(NODES_MAX);

/** What edge nodes agree on; an operator's command asks them, not the signer. */
export const EVIDENCE = z.strictObject({
  chain_id: chain,
  /** How many were asked, and how many of them have to agree. */
  asked: z.int().min(1).max(NODES_MAX),
  quorum: z.int().min(1).max(NODES_MAX),
  /** Those that agree on all that follows. */
  nodes,
  head: z.strictObject({ level: position, hash: z.string().max(100), timestamp: z.iso.datetime() }),
  /** Seconds. */
  minimal_block_delay: z.int().min(1).max(86_400),
  blocks_per_cycle: z.int().min(1),
  slack_levels: z.int().min(0).max(1_000),
  /** What was looked for of keys, and found. */
  use: z
    .array(
      z.strictObject({
        public_key_hash: address,
        /** The first and the last level that were looked at. */
        from: position,
        to: position,
        /** Those that looked at all of it and found nothing. */
        nodes,
        found: z.array(z.string().max(500)).max(SIGNS_MAX),
      }),
    )
    .max(1_000)
    .optional(),
});

/** What edge nodes agree on. */
export type Evidence = z.output<typeof EVIDENCE>;

/** The name of whoever stands for something. */
export const by = name;

/** A clock of a node may run ahead of ours, in milliseconds. */
const AHEAD_MAX_MS = 60_000;
/** A head that is older than so many blocks is that of nodes that are behind, or of a chain that stands still. */
const BEHIND_MAX_BLOCKS = 50;
/** One node alone cannot tell that a key was never used. */
const FIRST_USE_NODES_MIN = 2;

/**
 * Checks the arithmetic of evidence again: that more than half of those asked agree, and that time and chain fit.
 * @throws AdminError `bad_evidence`, `no_quorum`
 */
export function assertEvidence(evidence: Evidence, chainId: ChainId, now: Instant): void {
  const { asked, quorum, head } = evidence;
  if (evidence.chain_id !== chainId)
    throw new AdminError(
      'bad_evidence',
      `the nodes are on ${evidence.chain_id}`,
      'evidence.chain_id',
    );
  if (quorum * 2 <= asked || quorum > asked)
    throw new AdminError('no_quorum', 'a quorum is more than half', 'evidence.quorum');
  if (new Set(evidence.nodes).size < quorum)
    throw new AdminError('no_quorum', listed(evidence.nodes, quorum), 'evidence.nodes');
  if (Date.parse(head.timestamp) > now + AHEAD_MAX_MS)
    throw new AdminError('bad_evidence', 'the head is of the future', 'evidence.head.timestamp');
  // A clock may add refusals (rule 6): what nodes that are behind have not seen may have been signed all the same.
  const oldestMs = BEHIND_MAX_BLOCKS * evidence.minimal_block_delay * 1_000 + AHEAD_MAX_MS;
  if (Date.parse(head.timestamp) < now - oldestMs)
    throw new AdminError(
      'bad_evidence',
      `the head is of ${head.timestamp}: the nodes are behind`,
      'evidence.head.timestamp',
    );
}

/**
 * That a key was not used: enough nodes looked at the last two cycles, up to the head, and found nothing.
 * @throws AdminError `key_in_use`, `no_quorum`, `bad_evidence`
 */
export function assertUnused(evidence: Evidence, pkh: PublicKeyHash): void {
  const { asked, quorum, head, blocks_per_cycle: cycle } = evidence;
  if (asked < FIRST_USE_NODES_MIN)
    throw new AdminError('no_quorum', 'a first use asks two nodes at least', 'evidence.asked');
  const use = evidence.use?.find(each => each.public_key_hash === pkh);
  if (use === undefined)
    throw new AdminError('bad_evidence', `nothing is said of ${pkh}`, 'evidence.use');
  if (use.found.length > 0) throw new AdminError('key_in_use', use.found.join('; '));
  if (new Set(use.nodes).size < quorum)
    throw new AdminError('no_quorum', listed(use.nodes, quorum), 'evidence.use');
  // The cycle before began at least a whole cycle before the head.
  if (use.from > Math.max(1, head.level - cycle) || use.to < head.level)
    throw new AdminError(
      'bad_evidence',
      `not all of two cycles was looked at for ${pkh}`,
      'evidence.use',
    );
}

/** The line above which no level can be, from the head that was agreed on. */
export function horizonOf(evidence: Evidence): Horizon {
  return {
    baseLevel: level(evidence.head.level),
    baseTime: instant(Date.parse(evidence.head.timestamp)),
    minimalBlockDelay: duration(evidence.minimal_block_delay * 1_000),
    slackLevels: evidence.slack_levels,
  };
}

/**
 * The base of a horizon never moves down: levels above a lower line may have been permitted.
 * @throws AdminError `horizon_goes_back`
 */
export function assertHorizonRises(
  journal: Pick<AdminJournal, 'horizon'>,
  chainId: ChainId,
  next: Horizon,
): void {
  const before = journal.horizon(chainId);
  if (before !== undefined && next.baseLevel < before.baseLevel)
    throw new AdminError(
      'horizon_goes_back',
      `${next.baseLevel.toString()} after ${before.baseLevel.toString()}`,
      'evidence.head.level',
    );
}

function listed(agreeing: readonly string[], quorum: number): string {
  const who = agreeing.length === 0 ? 'none' : agreeing.join(', ');
  return `${who} of ${quorum.toString()} that are needed`;
}
