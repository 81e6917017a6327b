import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { shared, testShared } from '../vectors/load.ts';
import { consecutive, recordedBlocks, recordedNode, type RecordedRow } from './recorded-node.ts';

const BIN = join(import.meta.dirname, '../../apps/operator/bin.mjs');
const SHARED = join(import.meta.dirname, '../../../shared');
const LEVELS = 'realdata/octez-sandbox/levels.ndjson';
const KEYS = 'realdata/octez-sandbox/keys.json';
/** `proof_of_work_threshold` of the sandbox: 2^62 - 1. */
const SANDBOX_THRESHOLD = (2n ** 62n - 1n).toString();

type Summary = Readonly<Record<string, unknown>>;

/** Runs the command as a user does. */
async function replay(
  ...args: readonly string[]
): Promise<{ status: number | null; summary: Summary }> {
  const child = spawn(process.execPath, [BIN, 'replay', ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const status = await new Promise<number | null>(resolve => child.once('close', resolve));
  return { status, summary: JSON.parse(output.trim().split('\n').at(-1) ?? '') as Summary };
}

/** What says that nothing at all differs. */
const SOUND = {
  blockHash: true,
  operationsHash: true,
  payloadHash: true,
  stamp: true,
  notForgeable: [],
  ownVote: { verified: true, secondPayload: 'conflicting_vote' },
};

testShared(
  'realdata/block_mainnet_5941098.json',
  'replay reproduces every vote on 5941097',
  async () => {
    const [block, next, keys] = ['5941097', '5941098', 'keys'].map(name =>
      join(SHARED, `realdata/block_mainnet_${name}.json`),
    ) as [string, string, string];
    const { status, summary } = await replay(block, next, '--keys', keys);
    expect(status).toBe(0);
    expect(summary).toMatchObject({
      ...SOUND,
      operations: 188,
      agree: 188,
      signaturesChecked: 32,
      signaturesValid: 32,
      operationHashesChecked: 376,
      operationHashesAgree: 376,
    });
  },
);

describe('levels of a real Octez 25.1', () => {
  testShared(
    LEVELS,
    'replay casts the very votes that its bakers cast, from files',
    async content => {
      const rows = content as readonly RecordedRow[];
      const folder = mkdtempSync(join(tmpdir(), 'meridian-recorded-'));
      const file = (name: string, text: string): string => {
        writeFileSync(join(folder, name), text);
        return join(folder, name);
      };
      const rights = (hash: string, level: number): string =>
        rows.find(({ request }) => request.endsWith(`${hash}/helpers/validators?level=${level}`))!
          .body;
      try {
        const pairs = consecutive(recordedBlocks(rows)).filter(
          ({ before }) => before !== undefined,
        );
        expect(pairs.length).toBeGreaterThanOrEqual(17);
        // Every other one, and all that carry preattestations: each run takes half a second.
        const chosen = pairs.filter(({ next }, at) => at % 2 === 0 || isLocked(next));
        const summaries: Summary[] = [];
        for (const { before, block, next } of chosen) {
          const { status, summary } = await replay(
            file('block.json', JSON.stringify(block)),
            file('next.json', JSON.stringify(next)),
            ...['--keys', join(SHARED, KEYS), '--threshold', SANDBOX_THRESHOLD],
            ...['--predecessor', file('before.json', JSON.stringify(before))],
            ...['--rights', file('rights.json', rights(block.hash, block.header.level))],
            ...['--next-rights', file('next-rights.json', rights(next.hash, next.header.level))],
          );
          expect({ status, ...summary }).toMatchObject({
            ...SOUND,
            status: 0,
            operations: 5,
            agree: 5,
            branchFrom: 'chain',
            slotsFrom: 'rights',
          });
          expect(summary['signaturesValid']).toBe(isLocked(next) ? 10 : 5);
          summaries.push(summary);
        }
        expect(summaries.filter(({ preattestations }) => preattestations === 5)).toHaveLength(4);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    60_000,
  );

  testShared(LEVELS, 'replay --node asks for all that it needs', async content => {
    const keys = shared(KEYS) as readonly { readonly pkh: string; readonly public_key: string }[];
    const node = await recordedNode(
      content as readonly RecordedRow[],
      new Map(keys.map(({ pkh, public_key }) => [pkh, public_key])),
      { proof_of_work_threshold: SANDBOX_THRESHOLD },
    );
    try {
      const { status, summary } = await replay('--node', node.url, '--level', '33');
      expect({ status, ...summary }).toMatchObject({
        ...SOUND,
        status: 0,
        operations: 5,
        agree: 5,
        signaturesChecked: 5,
        signaturesValid: 5,
        branchFrom: 'chain',
        slotsFrom: 'rights',
      });
      const beyond = await replay('--node', node.url, '--level', '999');
      expect(beyond).toMatchObject({ status: 1, summary: { error: { code: 'refused_by_node' } } });
    } finally {
      await node.close();
    }
  });
});

/** Whether a block is a second attempt, which carries preattestations. */
function isLocked(block: { readonly header: object }): boolean {
  const { fitness } = block.header as { readonly fitness: readonly string[] };
  return fitness[2] !== '';
}
