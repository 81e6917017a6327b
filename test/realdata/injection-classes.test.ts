import { openNodePool, type InjectionClass } from '@meridian/node-pool';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';
import { testShared } from '../vectors/load.ts';

/*
 * What a real Octez 25.1 answered to operations, good and bad, given by a node of ours to the pool: each answer, and
 * each error that it told in its streams, has the class that the pool decides by.
 */

const FOLDER = 'realdata/octez-sandbox';

type Injected = {
  readonly case: string;
  readonly injection?: { readonly response: { readonly status: number; readonly body: string } };
};

/** By the beginning of the case's name; what is not listed was taken. */
const CLASSES: readonly (readonly [string, InjectionClass])[] = [
  ['wrong-slot', 'wrong'],
  ['wrong-branch-unknown', 'behind'],
  ['wrong-branch-too-old', 'late'],
  ['old-level-minus-1', 'known'],
  ['old-level-', 'late'],
  ['future-level-plus-1000', 'behind'],
  ['future-level-plus-1', 'known'],
  ['future-level-', 'behind'],
  // Another vote of the key was there, from the case before it.
  ['wrong-payload-hash', 'conflict'],
  ['double-preattestation-second', 'conflict'],
  ['double-attestation-second', 'conflict'],
  ['bad-signature', 'wrong'],
  ['zero-signature', 'wrong'],
  ['signature-wrong-watermark', 'wrong'],
  ['wrong-round-negative', 'wrong'],
  ['negative-level', 'wrong'],
  ['truncated', 'wrong'],
  ['one-extra-byte', 'wrong'],
  ['odd-hex', 'wrong'],
  ['unknown-tag', 'wrong'],
  ['tz1-signature-with-ff03', 'wrong'],
  ['attestation_with_dal-2048', 'wrong'],
  ['attestation_with_dal-negative', 'wrong'],
  ['tz4-signed-in-normal-mode', 'wrong'],
  ['tz4-without-ff03', 'wrong'],
  ['tz4-dal-without-companion', 'wrong'],
  ['aggregate-in-mempool', 'wrong'],
];

testShared(`${FOLDER}/rejections-sync-tz1.ndjson`, 'each answer is of its class', async content => {
  const cases = (content as readonly Injected[]).flatMap(({ case: name, injection }) =>
    injection === undefined ? [] : [{ name, ...injection.response }],
  );
  expect(cases.length).toBeGreaterThanOrEqual(52);
  const expected = cases.map(({ name }) => [
    name,
    CLASSES.find(([start]) => name.startsWith(start))?.[1] ?? 'known',
  ]);
  const classes = await classesOf(cases);
  expect(cases.map(({ name }, at) => [name, classes[at]])).toEqual(expected);
});

testShared(
  `${FOLDER}/rejections-async-tz1.ndjson`,
  'all are taken without a look',
  async content => {
    const answers = (content as readonly Injected[]).flatMap(({ injection }) =>
      injection?.response.status === 200 ? [injection.response] : [],
    );
    expect(answers.length).toBeGreaterThanOrEqual(50);
    expect(new Set(await classesOf(answers))).toEqual(new Set(['known']));
  },
);

const OF_ERRORS: Readonly<Record<string, InjectionClass>> = {
  'validate.consensus_operation_for_old_level': 'late',
  'prefilter.wrong_operation': 'wrong',
  'prefilter.Consensus_operation_in_far_future': 'behind',
  'validate.wrong_slot_for_consensus_operation': 'wrong',
  'operation.invalid_signature': 'wrong',
  // No vote has this one, so it is known by nothing.
  'block_validation_plugin.invalid_double_baking_evidence': 'refused',
};

testShared(`${FOLDER}/errors-raw.ndjson`, 'each error is of its class', async content => {
  type Row = { readonly raw_element_of_monitor_operations_array: string };
  const errors = (content as readonly Row[]).map(
    row =>
      (
        JSON.parse(row.raw_element_of_monitor_operations_array) as {
          readonly error: readonly [{ readonly id: string }];
        }
      ).error,
  );
  expect(errors.length).toBeGreaterThanOrEqual(12);
  const answers = errors.map(error => ({ status: 500, body: JSON.stringify(error) }));
  expect(await classesOf(answers)).toEqual(
    errors.map(([{ id }]) => OF_ERRORS[id.replace('proto.025-PsUshuai.', '')]),
  );
});

testShared(`${FOLDER}/acl.ndjson`, 'an answer of an ACL is of its class', async content => {
  type Row = {
    readonly request: { readonly path: string };
    readonly raw_answer_first_900_bytes: string;
  };
  const answers = (content as readonly Row[]).flatMap(
    ({ request, raw_answer_first_900_bytes: raw }) => {
      const status = Number(/^HTTP\/1.1 (\d+)/.exec(raw)?.[1]);
      const body = raw.split('\r\n\r\n')[1] ?? '';
      return status >= 400 ? [{ path: request.path, status, body }] : [];
    },
  );
  expect(answers.length).toBeGreaterThanOrEqual(8);
  expect(await classesOf(answers)).toEqual(
    answers.map(({ path }) => (path === '/injection/operation' ? 'wrong' : 'denied')),
  );
});

/** The classes of these answers: the operation that is injected is the place of its answer. */
async function classesOf(
  answers: readonly { readonly status: number; readonly body: string }[],
): Promise<readonly (InjectionClass | undefined)[]> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const place = Number.parseInt(Buffer.concat(chunks).toString().replaceAll('"', ''), 16);
      const { status, body } = answers[place] ?? OTHER;
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const pool = openNodePool({ nodes: [{ name: 'octez', url }] }, () => undefined);
  const receipts = answers.map((_, at) => pool.inject(at.toString(16).padStart(4, '0')).receipts);
  const classes = (await Promise.all(receipts)).map(([receipt]) => receipt?.class);
  await pool.close();
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
  return classes;
}

/** What the pool asks beside the injections. */
const OTHER = { status: 404, body: '' };
