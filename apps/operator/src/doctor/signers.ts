import type { PublicKeyHash } from '@meridian/tezos';
import { publicKey, publicKeyHashOf } from '@meridian/tezos/crypto';
import { TezosError } from '@meridian/tezos';
import { KINDS } from '@meridian/watermark';
import { findingsOn, type Finding } from './checks.ts';
import type { Network } from './nodes.ts';
import { fieldsOf, inTurns, whyNot, type Probe, type Reply } from './probe.ts';

/** A signer to look at. */
export type SignerSite = { readonly name: string; readonly probe: Probe };

/** A mark as a signer tells it; of its fields only these are looked at. */
type Mark = { readonly kind: string; readonly level: number; readonly round: number };

/** What one signer says of one key. */
type Told = { readonly signer: string } & (
  { readonly marks: readonly Mark[]; readonly at: number } | { readonly why: string }
);

/** What a key is compared with. */
type Frame = Pick<Network, 'chainId' | 'head' | 'constants'>;

/** Keys that one signer is asked for at the same time. */
const AT_ONCE_MAX = 4;

/** Looks at every signer, then at what all of them say of each key. */
export async function examineSigners(
  signers: readonly SignerSite[],
  keys: readonly string[],
  frame: Frame,
): Promise<readonly Finding[]> {
  const seen = await Promise.all(signers.map(signer => examineSigner(signer, keys, frame)));
  const all = seen.flatMap(({ findings }) => findings);
  const ofKeys = keys.flatMap((key, at) =>
    onMarks(
      key,
      seen.flatMap(({ told }) => told[at] ?? []),
      frame,
    ),
  );
  return [...all, ...ofKeys];
}

async function examineSigner(
  { name, probe }: SignerSite,
  keys: readonly string[],
  frame: Frame,
): Promise<{ readonly findings: readonly Finding[]; readonly told: readonly Told[] }> {
  const finding = findingsOn(name);
  const reply = await probe('/authorized_keys');
  if (reply.kind !== 'answer') {
    return { findings: [finding('signer_reachable', 'fail', whyNot(reply))], told: [] };
  }
  const perKey = await inTurns(keys, AT_ONCE_MAX, async key => {
    const [held, marks] = await Promise.all([probe(`/keys/${key}`), probe(`/marks/${key}`)]);
    return { onKey: onKey(name, key, held), told: toldBy(name, marks, frame.chainId) };
  });
  return {
    findings: [
      finding('signer_reachable', 'ok', 'answers'),
      ...perKey.map(({ onKey: one }) => one),
    ],
    told: perKey.map(({ told }) => told),
  };
}

function onKey(signer: string, key: string, reply: Reply): Finding {
  const finding = findingsOn(signer);
  if (reply.kind !== 'answer') return finding('signer_key', 'fail', `${key}: ${whyNot(reply)}`);
  return hashOf(fieldsOf(reply.value)['public_key']) === key
    ? finding('signer_key', 'ok', `holds ${key}`)
    : finding('signer_key', 'fail', `${key}: what it gives is not the public key of this address`);
}

function hashOf(text: unknown): PublicKeyHash | undefined {
  try {
    return publicKeyHashOf(publicKey(text));
  } catch (error) {
    if (error instanceof TezosError) return undefined;
    throw error;
  }
}

function toldBy(signer: string, reply: Reply, chainId: string | undefined): Told {
  if (reply.kind !== 'answer') return { signer, why: whyNot(reply) };
  const marks = fieldsOf(reply.value)['marks'];
  if (!Array.isArray(marks)) return { signer, why: 'an answer without marks' };
  const read: Mark[] = [];
  for (const mark of marks as readonly unknown[]) {
    const { chain_id: chain, kind, level, round } = fieldsOf(mark);
    if (typeof kind !== 'string' || !isWhole(level) || !isWhole(round)) {
      return { signer, why: 'a mark that cannot be read' };
    }
    if (chainId === undefined || chain === chainId) read.push({ kind, level, round });
  }
  return { signer, marks: read, at: Date.now() };
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function onMarks(key: string, told: readonly Told[], frame: Frame): readonly Finding[] {
  const finding = findingsOn(key);
  const open = told.flatMap(one => ('marks' in one ? [one] : []));
  const away = told.flatMap(one => ('why' in one ? [`${one.signer}: ${one.why}`] : []));
  const [first] = open;
  if (first === undefined) {
    const words = away.length === 0 ? 'no signer answers' : away.join('; ');
    return [finding('marks_present', 'fail', `nobody tells the marks (${words})`)];
  }
  const kinds = new Set(first.marks.map(({ kind }) => kind));
  const missing = KINDS.filter(kind => !kinds.has(kind));
  const waiting = away.length === 0 ? '' : ` (${away.join('; ')})`;
  const present =
    missing.length === 0
      ? finding('marks_present', 'ok', `for ${KINDS.join(', ')}${waiting}`)
      : finding('marks_present', 'fail', `none for ${missing.join(', ')} (${first.signer})`, {
          missing,
        });
  const shared = open.length > 1 ? [onSharing(key, open, frame)] : [];
  return [present, ...(first.marks.length > 0 ? [onHeight(key, open, frame)] : []), ...shared];
}

type Open = Extract<Told, { readonly marks: readonly Mark[] }>;

/** A vote is cast at most on the block after the head, and blocks may have come since the head was read. */
const AHEAD_LEVELS_MAX = 2;

/** The highest level at which there can be a mark at a time. */
function ceiling({ head, constants }: Frame, at: number): number | undefined {
  if (head === undefined) return undefined;
  const delayMs = Math.max(1, constants?.blockDelayMs ?? Number.POSITIVE_INFINITY);
  const since = Math.max(0, at - head.times.sentAt);
  return head.level + AHEAD_LEVELS_MAX + Math.ceil(since / delayMs);
}

function onHeight(key: string, open: readonly Open[], frame: Frame): Finding {
  const finding = findingsOn(key);
  const { head } = frame;
  if (head === undefined) return finding('marks_below_head', 'warn', 'no head to compare with');
  const high = open.flatMap(({ signer, marks, at }) =>
    marks
      .filter(({ level }) => level > (ceiling(frame, at) ?? level))
      .map(({ kind, level }) => `${kind} at ${level.toString()} (${signer})`),
  );
  const top = Math.max(...open.flatMap(({ marks }) => marks.map(({ level }) => level)));
  const data = { highestMarkLevel: top, headLevel: head.level };
  const words = `the highest at ${top.toString()}, head ${head.level.toString()}`;
  return high.length === 0
    ? finding('marks_below_head', 'ok', words, data)
    : finding(
        'marks_below_head',
        'fail',
        `${high.join(', ')}; head ${head.level.toString()}`,
        data,
      );
}

/**
 * Signers answer one after another, so marks of one store may differ by what came in between; a wider gap, or a row
 * that only one of them has, means two stores.
 */
function onSharing(key: string, open: readonly Open[], frame: Frame): Finding {
  const finding = findingsOn(key);
  const times = open.map(({ at }) => at);
  const spreadMs = Math.max(...times) - Math.min(...times);
  const slack =
    AHEAD_LEVELS_MAX + Math.ceil(spreadMs / Math.max(1, frame.constants?.blockDelayMs ?? 1_000));
  const differing = KINDS.filter(kind => {
    const levels = open.map(({ marks }) => marks.find(mark => mark.kind === kind)?.level);
    const known = levels.filter(level => level !== undefined);
    if (known.length === 0) return false;
    return known.length < levels.length || Math.max(...known) - Math.min(...known) > slack;
  });
  const names = open.map(({ signer }) => signer).join(', ');
  return differing.length === 0
    ? finding('marks_shared', 'ok', `${names} tell the same`)
    : finding('marks_shared', 'fail', `${names} differ in ${differing.join(', ')}`);
}
