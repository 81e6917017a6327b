import { protocolByHash } from '@meridian/tezos';
import { printable } from '../printable.ts';
import { findingsOn, type CheckStatus, type Finding } from './checks.ts';
import { fieldsOf, whyNot, type Probe, type Reply, type ReplyTimes } from './probe.ts';
import { tryRpcs, type Tried } from './rpcs.ts';

/** The head of a node, as it says itself; none of it is verified. */
export type Head = {
  readonly chainId: string;
  readonly level: number;
  readonly hash: string;
  readonly protocol: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly times: ReplyTimes;
};

/** What was seen of a node. */
export type Examined = {
  readonly name: string;
  readonly probe: Probe;
  /** Undefined for a node that cannot be used at all. */
  readonly head: Head | undefined;
  readonly constants: Constants | undefined;
  readonly findings: readonly Finding[];
};

/** The constants that time depends on, in milliseconds. */
export type Constants = { readonly blockDelayMs: number; readonly roundIncrementMs: number };

const HEAD = '/chains/main/blocks/head';

/** Examines one node by itself; a node that cannot be used costs one finding. */
export async function examineNode(
  name: string,
  probe: Probe,
  key: string | undefined,
): Promise<Examined> {
  const finding = findingsOn(name);
  const unusable = (why: string): Examined => ({
    ...{ name, probe, head: undefined, constants: undefined },
    findings: [finding('node_reachable', 'fail', why)],
  });
  const version = await probe('/version');
  if (version.kind === 'nothing') return unusable(`/version: ${version.why}`);
  const reply = await probe(`${HEAD}/header`);
  if (reply.kind !== 'answer') return unusable(`its head cannot be read: ${whyNot(reply)}`);
  const head = headIn(reply.value, reply.times);
  if (head === undefined) return unusable('its head cannot be read: it is no header of a block');
  const at = { hash: head.hash, level: head.level, key };
  const [protocols, bootstrapped, constantsReply, tried] = await Promise.all([
    probe(`${HEAD}/protocols`),
    probe('/chains/main/is_bootstrapped'),
    probe(`${HEAD}/context/constants`),
    tryRpcs(probe, at),
  ]);
  const constants = constantsIn(constantsReply);
  const reached = `${versionIn(version)}, head ${head.level.toString()}`;
  return {
    ...{ name, probe, head, constants },
    findings: [
      finding('node_reachable', 'ok', reached, { headLevel: head.level }),
      finding('protocol', ...onProtocol(head, protocols)),
      finding('synced', ...onSync(bootstrapped)),
      finding('head_age', ...onAge(head, constants)),
      finding('rpc_allowed', ...onRpcs(tried)),
    ],
  };
}

type Words = readonly [
  status: CheckStatus,
  found: string,
  data?: Readonly<Record<string, unknown>>,
];

function headIn(value: unknown, times: ReplyTimes): Head | undefined {
  const { chain_id: chainId, level, hash, protocol, timestamp } = fieldsOf(value);
  const isWhole = typeof level === 'number' && Number.isSafeInteger(level) && level >= 0;
  const time = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  if (!isWhole || Number.isNaN(time)) return undefined;
  if (!isName(chainId) || !isName(hash) || !isName(protocol)) return undefined;
  return { chainId, level, hash, protocol, timestamp: time, times };
}

/** Letters and digits, as all hashes are: they go into paths and onto the terminal. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && /^\w{1,64}$/.test(value);
}

function versionIn(reply: Reply): string {
  if (reply.kind !== 'answer') return 'answers';
  const { major, minor } = fieldsOf(fieldsOf(reply.value)['version']);
  return typeof major === 'number' && typeof minor === 'number'
    ? `Octez ${major.toString()}.${minor.toString()}`
    : 'answers';
}

function onProtocol(head: Head, reply: Reply): Words {
  const said = reply.kind === 'answer' ? fieldsOf(reply.value) : {};
  const next = typeof said['next_protocol'] === 'string' ? said['next_protocol'] : undefined;
  const unknown = [head.protocol, next ?? head.protocol].find(
    hash => protocolByHash(hash) === undefined,
  );
  if (unknown !== undefined) return ['fail', `unknown: ${printable(unknown)}`];
  const rows = [head.protocol, next ?? head.protocol].map(hash => protocolByHash(hash));
  const names = [...new Set(rows.map(row => row?.codec ?? ''))].join(', then ');
  if (rows.some(row => row?.support === 'votes-only')) {
    return ['warn', `${names}: old, votes only, and never on mainnet`];
  }
  if (next !== undefined) return ['ok', names];
  const why = reply.kind === 'answer' ? 'it is not said' : whyNot(reply);
  return ['warn', `${names}; the next protocol is not known: ${why}`];
}

function onSync(reply: Reply): Words {
  if (reply.kind !== 'answer') {
    return ['warn', `/chains/main/is_bootstrapped: ${whyNot(reply)}`];
  }
  const { bootstrapped, sync_state: state } = fieldsOf(reply.value);
  if (bootstrapped === true && state === 'synced') return ['ok', 'synced'];
  const words = typeof state === 'string' ? printable(state) : 'nothing that can be read';
  return ['fail', `bootstrapped: ${bootstrapped === true ? 'yes' : 'no'}, state: ${words}`];
}

/** Rounds in which a next block may come before its lateness is a sign of something. */
const ROUNDS = 4;

/** How old a head may be, in ms. */
export function ageAllowedMs({ blockDelayMs, roundIncrementMs }: Constants): number {
  // Round r lasts one delay and r increments.
  return ROUNDS * blockDelayMs + ((ROUNDS * (ROUNDS - 1)) / 2) * roundIncrementMs;
}

function onAge({ timestamp, times }: Head, constants: Constants | undefined): Words {
  const ageMs = times.receivedAt - timestamp;
  const age = `${seconds(ageMs)} s old by this clock`;
  if (constants === undefined) return ['warn', `${age}; the constants cannot be read`];
  const allowedMs = ageAllowedMs(constants);
  const data = { ageMs, allowedMs };
  if (ageMs <= allowedMs) return ['ok', age, data];
  return ['fail', `${age}; four rounds take ${seconds(allowedMs)} s`, data];
}

/** Milliseconds in seconds, with one place. */
export function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}

function constantsIn(reply: Reply): Constants | undefined {
  if (reply.kind !== 'answer') return undefined;
  const { minimal_block_delay: delay, delay_increment_per_round: increment } = fieldsOf(
    reply.value,
  );
  const [blockDelayMs, roundIncrementMs] = [delay, increment].map(msIn);
  if (blockDelayMs === undefined || roundIncrementMs === undefined) return undefined;
  return { blockDelayMs, roundIncrementMs };
}

/** A number of seconds as a node prints it: a text of digits. */
function msIn(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) * 1_000 : undefined;
}

function onRpcs({ count, missing }: Tried): Words {
  if (missing.length === 0) return ['ok', `all ${count.toString()} paths and streams`];
  const reasons = [...new Set(missing.map(({ why }) => why))].map(reason => {
    const those = missing.filter(({ why }) => why === reason);
    return `${reason} (${those.map(({ name, path }) => `${name}: ${path}`).join(', ')})`;
  });
  return ['fail', reasons.join('; '), { missing }];
}
