import { SandboxError } from './errors.ts';

/** What an edge node can suffer from. */
export const FAULTS = {
  refuse: 'nobody listens, and every connection is cut',
  blackhole: 'connections are taken, nothing is answered, streams fall silent',
  stale: 'it hears of nothing new and answers from what it knows',
  slow: 'every answer and every item of a stream comes 2 s late',
  cut: 'streams are cut every second in the middle of a line',
  lying: 'forged blocks, wrong rights, forged votes; what is injected is lost',
  acl: 'streams, rights and the chain id are refused, as Octez does by default on a network address',
  rubbish: 'answers are no JSON, and some have no end',
} as const;

/** The name of a fault. */
export type Fault = keyof typeof FAULTS;

/** A node's condition. */
export type Condition = Fault | 'ok';

/** A fault of one node from one time on, in milliseconds after the start. */
export type ScriptedFault = {
  readonly node: string;
  readonly fault: Fault;
  readonly fromMs: number;
  /** When the node is well again; null: never. */
  readonly untilMs: number | null;
};

/** A fault by its name; undefined for anything else. */
export function faultNamed(name: string): Fault | undefined {
  return Object.hasOwn(FAULTS, name) ? (name as Fault) : undefined;
}

const SCRIPTED = /^([\w-]+)=(\w+)(?:@([\d.]+m?s)(?:-([\d.]+m?s))?)?$/;

/**
 * Reads `node2=refuse@5s`, with an end `@5s-12s` or without a time at all.
 * @throws SandboxError `misused`
 */
export function readFault(text: string): ScriptedFault {
  const [, node = '', name = '', from, until] = SCRIPTED.exec(text) ?? [];
  const fault = faultNamed(name);
  if (node === '' || fault === undefined) {
    const known = Object.keys(FAULTS).join(', ');
    throw new SandboxError(
      'misused',
      `${JSON.stringify(text)} is no fault: node2=refuse@5s or node2=refuse@5s-12s, with one of ${known}`,
    );
  }
  const fromMs = from === undefined ? 0 : milliseconds(from);
  const untilMs = until === undefined ? null : milliseconds(until);
  if (untilMs !== null && untilMs <= fromMs) {
    throw new SandboxError('misused', `${JSON.stringify(text)} ends before it begins`);
  }
  return { node, fault, fromMs, untilMs };
}

function milliseconds(text: string): number {
  const number = Number(text.replace(/m?s$/, ''));
  if (!Number.isFinite(number)) {
    throw new SandboxError('misused', `${JSON.stringify(text)} is no time: 5s, 1.5s or 500ms`);
  }
  return text.endsWith('ms') ? number : number * 1_000;
}
