import { readFileSync } from 'node:fs';
import { err, ok, type Result } from '@meridian/prelude';
import { z } from '@meridian/service/schema';

/*
 * The format of a file of cases. It is strict where a case asks for something: what this program would not do is an
 * error that names the field. Keys and messages are data, and may say more than is used here.
 */

const whole = z.int().min(0);
const headers = z.record(z.string(), z.string());

const request = z
  .strictObject({
    method: z.string().regex(/^[A-Z]+$/, 'a method in capital letters'),
    path: z.string().startsWith('/'),
    headers: headers.default({}),
    body: z.string().optional(),
    body_hex: z
      .string()
      .regex(/^([0-9a-fA-F]{2})*$/, 'hexadecimal digits in pairs')
      .optional(),
    body_repeat: z
      .strictObject({ char: z.string().min(1), count: whole, quoted: z.boolean().default(false) })
      .optional(),
    message: z.string().optional(),
  })
  .refine(
    ({ body, body_hex, body_repeat }) =>
      [body, body_hex, body_repeat].filter(one => one !== undefined).length <= 1,
    'a request has one body',
  );

/** A status, or how an exchange ends without one. */
const status = z.union([z.int().min(100).max(599), z.literal('connection reset')]);

const expectation = z.strictObject({
  status: z.array(status).min(1),
  json: z.unknown().optional(),
  json_has: z.string().optional(),
  json_if_200: z.record(z.string(), z.unknown()).optional(),
  trace: z.boolean().optional(),
  trace_id: z.string().optional(),
  forbid_field: z.string().optional(),
  verify: z.string().optional(),
  max_ms: z.number().positive().optional(),
});

const position = z.strictObject({ level: whole, round: whole });

const setUp = z
  .strictObject({
    floor: position.nullable().optional(),
    allowed_chains: z.array(z.string()).min(1).optional(),
    head_level: whole.optional(),
    max_ahead: whole.optional(),
    require_authentication: z.boolean().default(false),
    allow_list_known_keys: z.boolean().default(false),
    allow_to_prove_possession: z.boolean().default(false),
  })
  .refine(({ head_level, max_ahead }) => (head_level === undefined) === (max_ahead === undefined), {
    message: 'head_level and max_ahead come together',
  });

const oneCase = z
  .strictObject({
    id: z.string().min(1),
    group: z.string(),
    name: z.string(),
    config: setUp,
    steps: z
      .array(z.strictObject({ request, expect: expectation }))
      .min(1)
      .optional(),
    parallel: z
      .strictObject({
        replicas: z.int().min(1).optional(),
        repeat: z.int().min(1),
        requests: z.array(request).min(1),
      })
      .optional(),
    expect: z
      .strictObject({
        statuses: z.array(status).min(1).optional(),
        statuses_subset: z.array(status).min(1).optional(),
      })
      .optional(),
    fault: z.string().optional(),
    invariant: z.string().default(''),
  })
  .refine(({ steps, parallel }) => (steps === undefined) !== (parallel === undefined), {
    message: 'a case has either steps or parallel',
  })
  .refine(({ parallel, expect }) => (parallel === undefined) === (expect === undefined), {
    message: 'parallel and expect come together',
  });

const key = z.looseObject({
  public_key_hash: z.string(),
  public_key: z.string(),
  secret_key: z.string(),
});
const message = z.looseObject({ key: z.string(), hex: z.string().regex(/^([0-9a-f]{2})*$/) });

const file = z.strictObject({
  meta: z.looseObject({ mainnet_chain_id: z.string().default('NetXdQprcVkpaWU') }).prefault({}),
  keys: z.record(z.string(), key),
  authentication: z.record(z.string(), z.unknown()).optional(),
  bls: z.record(z.string(), z.unknown()).optional(),
  socket: z.record(z.string(), z.unknown()).optional(),
  messages: z.record(z.string(), message).default({}),
  cases: z.array(oneCase),
});

/** A file of cases: the keys, the messages, and what is asked and expected. */
export type CaseFile = z.output<typeof file>;
export type Case = z.output<typeof oneCase>;
export type SetUp = Case['config'];
export type Request = z.output<typeof request>;
export type Expectation = z.output<typeof expectation>;
export type Status = z.output<typeof status>;
export type Key = z.output<typeof key>;

/** Reads a file of cases; the error is for people, and names each field that is wrong or unknown. */
export function readCaseFile(path: string): Result<CaseFile, string> {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return err(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const read = parseCaseFile(json);
  return read.ok ? read : err(`${path}: ${read.error}`);
}

/** Checks what was read from a file of cases. */
export function parseCaseFile(json: unknown): Result<CaseFile, string> {
  const read = file.safeParse(json);
  if (!read.success) {
    const lines = read.error.issues.map(
      ({ path, message: what }) => `${placeOf(json, path)}: ${what}`,
    );
    return err(lines.join('\n'));
  }
  const problem = problemIn(read.data);
  return problem === undefined ? ok(read.data) : err(problem);
}

/** The way to a field, with the id of its case in the place of a number. */
function placeOf(json: unknown, path: readonly PropertyKey[]): string {
  const [top, at, ...rest] = path;
  if (top !== 'cases' || typeof at !== 'number') return path.map(String).join('.') || 'the file';
  const id = (json as { cases: { id?: unknown }[] }).cases[at]?.id;
  return [`cases[${typeof id === 'string' ? id : at.toString()}]`, ...rest.map(String)].join('.');
}

/** What a schema cannot see: names that mean nothing, and ids that mean two cases. */
function problemIn({ cases, keys, messages }: CaseFile): string | undefined {
  const ids = new Set<string>();
  for (const one of cases) {
    if (ids.has(one.id)) return `cases[${one.id}]: the id is there twice`;
    ids.add(one.id);
    const named = requestsOf(one).flatMap(({ message: name }) => name ?? []);
    const unknown = named.find(name => !(name in messages));
    if (unknown !== undefined) return `cases[${one.id}]: there is no message ${unknown}`;
  }
  const stray = Object.entries(messages).find(([, { key: name }]) => !(name in keys));
  return stray && `messages.${stray[0]}.key: there is no key ${stray[1].key}`;
}

/** All requests of a case. */
export function requestsOf({ steps = [], parallel }: Case): readonly Request[] {
  return [...steps.map(({ request: one }) => one), ...(parallel?.requests ?? [])];
}
