import { isDeepStrictEqual } from 'node:util';
import type { Case, Expectation } from './case-file.ts';
import type { Reply } from './exchange.ts';

/** What an answer lacks, in words; nothing when it is what was expected. */
export function problemsWith(expected: Expectation, reply: Reply): readonly string[] {
  const json = jsonOf(reply.body);
  const problems = DEMANDS.flatMap(demand => demand(expected, reply, json) ?? []);
  return problems.length === 0 ? [] : [...problems, quoted(reply)];
}

type Demand = (expected: Expectation, reply: Reply, json: unknown) => string | undefined;

const DEMANDS: readonly Demand[] = [
  ({ status }, reply) =>
    status.some(one => one === reply.status)
      ? undefined
      : `status ${reply.status}, not ${status.join(' or ')}`,
  ({ json: expected }, _reply, json) =>
    expected === undefined || isDeepStrictEqual(json, expected)
      ? undefined
      : `the body is not ${JSON.stringify(expected)}`,
  ({ json_has: name }, _reply, json) =>
    name === undefined || (isObject(json) && name in json) ? undefined : `the body has no ${name}`,
  ({ json_if_200: expected }, { status }, json) =>
    expected === undefined || status !== 200 || isDeepStrictEqual(json, expected)
      ? undefined
      : `a body with 200 is not ${JSON.stringify(expected)}`,
  ({ trace }, _reply, json) =>
    trace === undefined || isTrace(json) === trace
      ? undefined
      : `the body is ${trace ? 'no' : 'a'} trace of errors`,
  ({ trace_id: id }, _reply, json) =>
    id === undefined || (isTrace(json) && json.some(one => one['id'] === id))
      ? undefined
      : `no error of the trace has the id ${id}`,
  ({ forbid_field: name }, _reply, json) =>
    name === undefined || ![json].flat().some(one => isObject(one) && name in one)
      ? undefined
      : `the body has a ${name}`,
  ({ verify }, { status }, json) =>
    verify === undefined || status !== 200 || (isObject(json) && 'signature' in json)
      ? undefined
      : 'there is no signature that could verify',
  ({ max_ms: max }, { ms }) =>
    max === undefined || ms <= max ? undefined : `it took ${Math.round(ms)} ms, not ${max}`,
];

/** What many answers lack: `statuses` are all that may come and have to, `statuses_subset` those that may. */
export function problemsWithAll(
  { statuses, statuses_subset: subset }: NonNullable<Case['expect']>,
  replies: readonly Reply[],
): readonly string[] {
  const seen = [...new Set(replies.map(({ status }) => status))];
  const strange = seen.filter(
    one => ![statuses, subset].every(list => list?.some(each => each === one) ?? true),
  );
  const missing = (statuses ?? []).filter(one => !seen.includes(one));
  return [
    ...strange.map(one => {
      const reply = replies.find(({ status }) => status === one);
      return `status ${one} ${reply === undefined ? '' : quoted(reply)}`;
    }),
    ...missing.map(one => `status ${one} never came`),
  ];
}

const QUOTED_CHARACTERS_MAX = 300;

function quoted({ status, body }: Reply): string {
  return `(${status}: ${body.slice(0, QUOTED_CHARACTERS_MAX)})`;
}

/** The JSON of a body; undefined for what is none. */
export function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether octez-client prints it: a list of objects with kind, id and, where it is for people, msg. */
function isTrace(json: unknown): json is readonly Readonly<Record<string, unknown>>[] {
  if (!Array.isArray(json) || json.length === 0) return false;
  const errors: readonly unknown[] = json;
  const named = (one: unknown): boolean =>
    isObject(one) && ['kind', 'id'].every(name => typeof one[name] === 'string');
  return errors.every(named) && errors.some(one => isObject(one) && typeof one['msg'] === 'string');
}
