import { findingsOn, type Finding } from './checks.ts';
import { onClock } from './clock.ts';
import type { Constants, Examined, Head } from './node.ts';
import { fieldsOf, whyNot } from './probe.ts';

/** A node whose head can be read. */
type WithHead = Examined & { readonly head: Head };

/** What all nodes come to together. */
export type Network = {
  /** The chain that is voted on: the one that was given, or the one that most nodes are on. */
  readonly chainId: string | undefined;
  /** Nodes of that chain, those that pass every check of their own first. */
  readonly usable: readonly WithHead[];
  /** The highest head of them; undefined when there is none. */
  readonly head: Head | undefined;
  readonly constants: Constants | undefined;
  readonly findings: readonly Finding[];
};

/** Levels that a head may be behind the highest: heads are read one after another while blocks come. */
const BEHIND_LEVELS_MAX = 2;
/** A block with so many on top of it is final. */
const FINAL_LEVELS = 2;

/** Compares nodes with one another and with what was asked for. */
export async function compareNodes(
  examined: readonly Examined[],
  wanted: { readonly chainId: string | undefined; readonly quorum: number | undefined },
): Promise<Network> {
  const withHead = examined.filter((node): node is WithHead => node.head !== undefined);
  const chainId = wanted.chainId ?? mostCommon(withHead.map(({ head }) => head.chainId));
  const onChain = withHead.filter(({ head }) => head.chainId === chainId);
  const head = onChain
    .map(node => node.head)
    .reduce<Head | undefined>(
      (best, one) => (one.level > (best?.level ?? -1) ? one : best),
      undefined,
    );
  const chains = withHead.map(node => chainFinding(node, chainId, wanted.chainId !== undefined));
  const agreement = head === undefined ? [] : await agree(onChain, head.level);
  const failed = new Set(
    [...examined.flatMap(({ findings }) => findings), ...chains, ...agreement]
      .filter(({ status }) => status === 'fail')
      .map(({ subject }) => subject),
  );
  const sound = onChain.filter(({ name }) => !failed.has(name));
  const quorum = wanted.quorum ?? Math.floor(examined.length / 2) + 1;
  return {
    ...{ chainId, head },
    usable: [...sound, ...onChain.filter(({ name }) => failed.has(name))],
    constants: (sound[0] ?? onChain[0])?.constants,
    findings: [
      ...chains,
      ...agreement,
      quorumFinding(sound.length, quorum, examined.length),
      ...onClock(onChain),
    ],
  };
}

function mostCommon(texts: readonly string[]): string | undefined {
  const count = (text: string): number => texts.filter(each => each === text).length;
  return [...new Set(texts)].toSorted((one, other) => count(other) - count(one))[0];
}

function chainFinding(
  { name, head }: WithHead,
  chainId: string | undefined,
  isGiven: boolean,
): Finding {
  const finding = findingsOn(name);
  if (head.chainId === chainId) {
    return isGiven
      ? finding('chain_id', 'ok', head.chainId)
      : finding('chain_id', 'warn', `${head.chainId}, compared with the other nodes alone`);
  }
  return finding('chain_id', 'fail', `${head.chainId} instead of ${chainId ?? ''}`);
}

/** Behind nodes by name; all others by the block that they have two levels below the lowest of their heads. */
async function agree(nodes: readonly WithHead[], highest: number): Promise<readonly Finding[]> {
  const isBehind = ({ head }: WithHead): boolean => head.level < highest - BEHIND_LEVELS_MAX;
  const behind = nodes.filter(isBehind).map(({ name, head: { level } }) => {
    const words = `${(highest - level).toString()} levels behind`;
    return findingsOn(name)('heads_agree', 'fail', `${words} (head ${level.toString()})`);
  });
  const abreast = nodes.filter(node => !isBehind(node));
  const lowest = Math.min(...abreast.map(({ head }) => head.level));
  const level = Math.max(0, lowest - FINAL_LEVELS);
  const replies = await Promise.all(
    abreast.map(async ({ name, probe }) => {
      const reply = await probe(`/chains/main/blocks/${level.toString()}/header`);
      const hash = reply.kind === 'answer' ? fieldsOf(reply.value)['hash'] : undefined;
      if (typeof hash === 'string' && /^B\w{50}$/.test(hash)) return { name, hash };
      return { name, why: reply.kind === 'answer' ? 'no header of a block' : whyNot(reply) };
    }),
  );
  const block = mostCommon(replies.flatMap(({ hash }) => (hash === undefined ? [] : [hash])));
  const others = replies.flatMap(({ name, hash, why }) => {
    const finding = findingsOn(name);
    if (hash === undefined)
      return [finding('heads_agree', 'warn', `block ${level.toString()}: ${why}`)];
    if (hash === block) return [];
    return [finding('heads_agree', 'fail', `block ${level.toString()} is ${hash} here`)];
  });
  const agreeing = replies.filter(({ hash }) => hash !== undefined && hash === block).length;
  const words = `${count(agreeing)} with block ${level.toString()} ${block ?? ''}`;
  const all = findingsOn('nodes')('heads_agree', agreeing > 0 ? 'ok' : 'warn', words.trim());
  return [...behind, ...others, all];
}

function quorumFinding(sound: number, quorum: number, all: number): Finding {
  const words = `${sound.toString()} of ${all.toString()} pass every check, ${quorum.toString()} needed`;
  return findingsOn('nodes')('quorum', sound >= quorum ? 'ok' : 'fail', words, {
    ...{ soundNodes: sound, quorumNodes: quorum },
  });
}

function count(nodes: number): string {
  return nodes === 1 ? '1 node' : `${nodes.toString()} nodes`;
}
