import { NodeError } from '@meridian/node-pool';
import { duration, instant } from '@meridian/prelude';
import { createChain, createNode } from '@meridian/sandbox-chain';
import { PROTOCOLS } from '@meridian/tezos';
import { encode, unsignedBlockHeader } from '@meridian/tezos/forge';
import type { LineState } from '@meridian/vote-line';
import { expect, test } from 'vitest';
import { readOperations } from './index.ts';

const protocol = PROTOCOLS.find(({ number }) => number === '025');
if (protocol === undefined) throw new Error('025 is in the table');
const chain = createChain({
  ...{ seed: 1, protocol, genesisTime: instant(1_800_000_000_000) },
  ...{ minimalBlockDelay: duration(1_000), delayIncrementPerRound: duration(1_000) },
  ...{ committeeSize: 64, blocksPerCycle: 64, allBakersAttest: false },
  ...{ robots: { tz1: 1, tz2: 1, tz3: 1, tz4: 1 }, guests: [], script: [] },
  latency: { min: duration(5), max: duration(20) },
});
while (chain.head().level < 3) chain.advanceTo(chain.nextWake());
const node = createNode(chain, { name: 'node', now: () => instant(0) });
const { hash, header } = chain.head();
const { signature: _, ...unsigned } = header;
const unsignedBytes = encode(unsignedBlockHeader(protocol), unsigned);
const headers = new Map([[hash, { unsignedBytes }]]);
const state = { view: { protocol, headers, nodes: new Map() } };

/** The answer of an honest node. */
function honest(path: string): Promise<unknown> {
  const [bare = '', query = ''] = path.split('?');
  const asked = { method: 'GET', path: bare, query: new URLSearchParams(query), body: '' };
  const reply = node.handle(asked);
  return 'stream' in reply
    ? Promise.reject(new Error('no stream is read'))
    : Promise.resolve(JSON.parse(reply.body));
}

const READS: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  honest,
  away: () => Promise.reject(new NodeError('refused', 'status 401', 401)),
  rubbish: () => Promise.resolve({}),
  // One vote is left out.
  liar: async path => {
    const answer = (await honest(path)) as readonly unknown[];
    return path.includes('/operations/') ? answer.slice(1) : answer;
  },
};

/** What comes of asking these nodes about a block. */
async function asked(known: object, ...names: readonly string[]) {
  const lines: string[] = [];
  const watch = {
    nodes: () => names.map(name => ({ name, url: '' })),
    read: (name: string, path: string) =>
      READS[name]?.(path) ?? Promise.reject(new Error(`${name} is no node`)),
  };
  const read = await readOperations(watch, known as LineState, hash, {
    disbelieved: (name, fault) => lines.push(`${name}: ${fault}`),
    unanswered: (name, path) => lines.push(`${name}: ${path}`),
  });
  return { slots: read?.map(({ slot }) => slot).sort((a, b) => a - b), lines };
}

const slots = chain
  .rights(2)
  .seats.map(seat => seat.attestationSlot)
  .sort((a, b) => a - b);

test('what a block contains is told by the first node that proves it, and all before it are told of', async () => {
  expect(await asked(state, 'liar', 'away', 'rubbish', 'honest', 'liar')).toEqual({
    slots,
    lines: [
      'liar: wrong_operations',
      expect.stringMatching(/^away: .*\/operations\/0/),
      'rubbish: unreadable_operations',
    ],
  });
});

test('the node that brought a block last is asked first', async () => {
  const nodes = new Map([
    ['away', { lastBlockAt: 1 }],
    ['honest', { lastBlockAt: 3 }],
  ]);
  const known = { view: { ...state.view, nodes } };
  expect(await asked(known, 'liar', 'away', 'honest')).toEqual({ slots, lines: [] });
});

test('nothing is told where no node proves it', async () => {
  expect((await asked(state, 'liar', 'away')).slots).toBeUndefined();
});

test('nothing is asked about a block that was never proven', async () => {
  const known = { view: { ...state.view, headers: new Map() } };
  expect(await asked(known, 'none')).toEqual({ slots: undefined, lines: [] });
});
