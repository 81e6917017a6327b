import { findingsOn, type CheckStatus, type Finding } from './checks.ts';
import { ageAllowedMs, seconds, type Constants, type Head } from './node.ts';

/** What is needed of a node to compare clocks. */
export type Timed = { readonly head: Head; readonly constants: Constants | undefined };

/** A Date header has whole seconds: the time it was made at lies up to so much later. */
const DATE_STEP_MS = 1_000;
/** A node takes a block this much before its time. */
const EARLY_MS = 1_000;
const WARN_MS = 1_000;
const FAIL_MS = 3_000;

/**
 * What heads and Date headers tell of this machine's clock; both are estimates. Nodes show no block much before its
 * time, so a head from the future says how far this clock is behind at least; a young head, how far ahead at most. A
 * Date header tells both within a second, but Octez sends none: one comes from a proxy at most.
 */
export function onClock(nodes: readonly Timed[]): readonly Finding[] {
  if (nodes.length === 0) return [];
  const finding = findingsOn('nodes');
  const youngestMs = Math.min(...nodes.map(({ head }) => head.times.receivedAt - head.timestamp));
  const byDate = offsetByDates(nodes);
  const behindMs = Math.max(0, -youngestMs - EARLY_MS);
  const sureMs = Math.max(behindMs, byDate === undefined ? 0 : byDate.atLeastMs);
  const status = statusOf(sureMs);
  const byHeads =
    youngestMs < 0
      ? `the youngest head is ${seconds(-youngestMs)} s in the future`
      : `the youngest head is ${seconds(youngestMs)} s old, so this clock is not ahead by more`;
  const dates =
    byDate === undefined
      ? 'no node sends a Date header'
      : `Date headers say ${seconds(byDate.offsetMs)} s, give or take ${seconds(byDate.errorMs)}`;
  const allOld = nodes.every(
    ({ head, constants }) =>
      constants !== undefined && head.times.receivedAt - head.timestamp > ageAllowedMs(constants),
  );
  const isDoubtful = allOld && byDate === undefined && status === 'ok';
  return [
    finding('clock', isDoubtful ? 'warn' : status, `an estimate: ${byHeads}; ${dates}`, {
      ...{ youngestHeadMs: youngestMs, dateOffsetMs: byDate?.offsetMs ?? null },
      offByAtLeastMs: sureMs,
    }),
  ];
}

function statusOf(ms: number): CheckStatus {
  if (ms > FAIL_MS) return 'fail';
  return ms > WARN_MS ? 'warn' : 'ok';
}

/** How far this clock is ahead (below zero: behind) by the median of the nodes that send a Date header. */
function offsetByDates(
  nodes: readonly Timed[],
): { readonly offsetMs: number; readonly errorMs: number; readonly atLeastMs: number } | undefined {
  const estimates = nodes.flatMap(({ head: { times } }) => {
    const { sentAt, receivedAt, date } = times;
    if (date === undefined) return [];
    const offsetMs = (sentAt + receivedAt) / 2 - (date + DATE_STEP_MS / 2);
    const errorMs = DATE_STEP_MS / 2 + (receivedAt - sentAt) / 2;
    return [{ offsetMs, errorMs, atLeastMs: Math.max(0, Math.abs(offsetMs) - errorMs) }];
  });
  const ordered = estimates.toSorted((one, other) => one.offsetMs - other.offsetMs);
  return ordered[Math.floor(ordered.length / 2)];
}
