import { printable } from '../printable.ts';
import { findingsOn, type Finding } from './checks.ts';
import type { Network } from './nodes.ts';
import { fieldsOf, inTurns, whyNot, type Probe, type Reply } from './probe.ts';

/** Levels whose rights are asked for, the first that a node takes: near the end of known rights it takes fewer. */
const LOOKAHEADS_LEVELS = [64, 16, 1];
/** Keys that are looked up at the same time. */
const AT_ONCE_MAX = 4;
const HEAD = '/chains/main/blocks/head';

/** Looks up on chain whose consensus key each key is, and what that delegate may do. */
export async function examineKeys(
  keys: readonly string[],
  { usable }: Network,
): Promise<readonly Finding[]> {
  const found = await inTurns(keys, AT_ONCE_MAX, key => examineKey(key, usable));
  return found.flat();
}

async function examineKey(key: string, nodes: Network['usable']): Promise<readonly Finding[]> {
  let why = 'there is no node to ask';
  for (const { name, probe, head } of nodes) {
    const rights = await rightsOf(probe, key, head.level);
    const delegate = 'delegate' in rights && rights.delegate !== undefined ? rights.delegate : key;
    const reply = await probe(`${HEAD}/context/delegates/${delegate}`);
    if (reply.kind !== 'nothing' && !isAclRefusal(reply)) {
      return findingsAbout(key, delegate, rights, reply);
    }
    why = `${name}: ${whyNot(reply as Exclude<Reply, { kind: 'answer' }>)}`;
  }
  return [findingsOn(key)('key_registered', 'warn', `not looked up: ${why}`)];
}

function isAclRefusal(reply: Reply): boolean {
  return reply.kind === 'status' && [401, 403, 404].includes(reply.status);
}

/** Rights of a key in the coming levels; `delegate` is undefined where there are none. */
type Rights =
  | {
      readonly delegate: string | undefined;
      readonly levels: readonly number[];
      readonly asked: number;
    }
  | { readonly why: string };

async function rightsOf(probe: Probe, key: string, level: number): Promise<Rights> {
  let why = '';
  for (const asked of LOOKAHEADS_LEVELS) {
    const levels = Array.from({ length: asked }, (_, at) => `level=${(level + 1 + at).toString()}`);
    const path = `${HEAD}/helpers/validators?consensus_key=${key}&${levels.join('&')}`;
    const reply = await probe(path);
    if (reply.kind === 'answer') {
      const rights = rightsIn(reply.value, key, asked);
      return rights ?? { why: 'what the node says of rights cannot be read' };
    }
    why = whyNot(reply);
    // A node that refuses or is away does so for fewer levels too.
    if (reply.kind === 'nothing' || reply.status !== 500) break;
  }
  return { why };
}

/** Reads both shapes: a row for each level with its delegates, and before 024 one row for each delegate and level. */
function rightsIn(value: unknown, key: string, asked: number): Rights | undefined {
  if (!Array.isArray(value)) return undefined;
  const rows = (value as readonly unknown[]).flatMap(row => {
    const { level, delegates } = fieldsOf(row);
    const seats = Array.isArray(delegates) ? (delegates as readonly unknown[]) : [row];
    return seats.map(seat => {
      const { delegate, consensus_key: consensusKey } = fieldsOf(seat);
      return { level, delegate, consensusKey };
    });
  });
  const own = rows.filter(row => row.consensusKey === key);
  const levels: number[] = [];
  for (const { level } of own) {
    if (typeof level !== 'number') return undefined;
    levels.push(level);
  }
  const delegate = own[0]?.delegate;
  if (own.length > 0 && !isAddress(delegate)) return undefined;
  return { delegate: isAddress(delegate) ? delegate : undefined, levels, asked };
}

function isAddress(value: unknown): value is string {
  return typeof value === 'string' && /^(tz[1-4]|KT1)\w{33}$/.test(value);
}

function findingsAbout(
  key: string,
  delegate: string,
  rights: Rights,
  reply: Reply,
): readonly Finding[] {
  const finding = findingsOn(key);
  const onRights = rightsFinding(key, rights);
  if (reply.kind !== 'answer') {
    if ('why' in rights) {
      const words = `it is no delegate, and rights cannot be read (${rights.why})`;
      return [finding('key_registered', 'warn', words)];
    }
    const words = `no delegate, and no rights in the next ${rights.asked.toString()} levels`;
    return [finding('key_registered', 'fail', words)];
  }
  const about = fieldsOf(reply.value);
  const active = fieldsOf(fieldsOf(about['consensus_key'])['active'])['pkh'];
  const flags = delegateFinding(key, delegate, about);
  if (active !== key) {
    const other = isAddress(active) ? `votes with ${active}` : 'has no consensus key to be read';
    return [finding('key_registered', 'fail', `${delegate} ${other}`), ...onRights, flags];
  }
  return [registeredFinding(key, delegate, about), ...onRights, flags];
}

function registeredFinding(
  key: string,
  delegate: string,
  about: Readonly<Record<string, unknown>>,
): Finding {
  const finding = findingsOn(key);
  const whose = delegate === key ? 'a delegate that votes itself' : `of ${delegate}`;
  const pendings = fieldsOf(about['consensus_key'])['pendings'];
  const [pending] = Array.isArray(pendings) ? (pendings as readonly unknown[]) : [];
  const { pkh, cycle } = fieldsOf(pending);
  if (!isAddress(pkh)) return finding('key_registered', 'ok', whose);
  const from = typeof cycle === 'number' ? ` from cycle ${cycle.toString()} on` : ' soon';
  return finding('key_registered', 'warn', `${whose}, but ${pkh} votes instead${from}`);
}

function rightsFinding(key: string, rights: Rights): readonly Finding[] {
  const finding = findingsOn(key);
  if ('why' in rights) return [finding('key_rights', 'warn', `not looked up: ${rights.why}`)];
  const { levels, asked } = rights;
  const [first] = levels.toSorted((one, other) => one - other);
  const among = `the next ${asked.toString()} levels`;
  if (first === undefined) return [finding('key_rights', 'warn', `none in ${among}`)];
  const words = `in ${new Set(levels).size.toString()} of ${among}, first at ${first.toString()}`;
  return [finding('key_rights', 'ok', words, { firstLevel: first })];
}

function delegateFinding(
  key: string,
  delegate: string,
  { deactivated, is_forbidden: isForbidden }: Readonly<Record<string, unknown>>,
): Finding {
  const finding = findingsOn(key);
  const flags = [
    ...(deactivated === true ? ['deactivated'] : []),
    ...(isForbidden === true ? ['forbidden'] : []),
  ];
  if (flags.length > 0) {
    return finding('delegate_allowed', 'fail', `${delegate} is ${flags.join(' and ')}`);
  }
  const isSaid = typeof deactivated === 'boolean' && typeof isForbidden === 'boolean';
  return isSaid
    ? finding('delegate_allowed', 'ok', `${printable(delegate)} may vote`)
    : finding('delegate_allowed', 'warn', 'the node does not say both');
}
