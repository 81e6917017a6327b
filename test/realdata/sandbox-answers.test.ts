import { describe, expect, test } from 'vitest';
import { instant } from '@meridian/prelude';
import type { PublicKey } from '@meridian/tezos';
import { createNode, type Answer, type Reply, type SandboxNode } from '@meridian/sandbox-chain';
import type { ChainBlock, ChainEvent, SandboxChain } from '@meridian/sandbox-chain';
import { checkEach, shared, testShared } from '../vectors/load.ts';
import { chainOperation, recordedChain } from './recorded-chain.ts';
import { jsonShape } from './json-shape.ts';
import { blocksOf } from './recorded-rows.ts';
import type { NodeOperation } from './node-json.ts';

/**
 * The sandbox against a real node: put on the chain that the recordings tell of, it says what the real node said.
 */
const FOLDER = 'realdata/octez-sandbox';

type Row = {
  readonly request: string;
  readonly status: number;
  readonly body: string;
};

/** Parts of answers about money, which the sandbox has none of, or about what the recording does not hold. */
const WITHOUT: readonly { readonly field: string; readonly why: string }[] = [
  { field: 'balance_updates', why: 'there are no balances: an empty list' },
  { field: 'implicit_operations_results', why: 'there are no contracts: an empty list' },
];

function keysOf(): ReadonlyMap<string, PublicKey> {
  const list = (shared(`${FOLDER}/keys.json`) ?? []) as readonly {
    readonly pkh: string;
    readonly public_key: PublicKey;
  }[];
  return new Map(list.map(({ pkh, public_key }) => [pkh, public_key]));
}

const KEYS = keysOf();

type Sandbox = { readonly chain: SandboxChain; readonly node: SandboxNode };

function sandboxAt(content: unknown, head: string): Sandbox {
  const chain = recordedChain(content as object, KEYS, head);
  const node = createNode(chain, {
    name: 'recorded',
    now: () => instant(0),
    blocksPerCommitment: 4,
  });
  return { chain, node };
}

function ask(node: SandboxNode, method: string, target: string, body = ''): Reply {
  const [path = '', query = ''] = target.split('?');
  return node.handle({ method, path, query: new URLSearchParams(query), body });
}

function answer(node: SandboxNode, target: string): Answer {
  const reply = ask(node, 'GET', target);
  if ('stream' in reply) throw new Error(`${target} is a stream`);
  return reply;
}

/** A recorded answer without what the sandbox has none of. */
function withoutMoney(body: string): string {
  const emptied = JSON.parse(body, (name, value: unknown) =>
    WITHOUT.some(({ field }) => field === name) ? [] : value,
  ) as unknown;
  return `${JSON.stringify(emptied)}\n`;
}

describe('answers about blocks', () => {
  /** The rest of a path, and how many answers to it the recording has at least. */
  const EXACT: readonly (readonly [what: RegExp, countMin: number])[] = [
    [/^$/, 17],
    [/^\/header$/, 19],
    [/^\/header\/raw$/, 19],
    [/^\/protocols$/, 19],
    [/^\/metadata$/, 4],
    [/^\/operation_hashes$/, 4],
    [/^\/live_blocks$/, 2],
    [/^\/helpers\/validators\?level=\d+$/, 30],
    [/^\/helpers\/attestation_rights$/, 19],
    [/^\/helpers\/baking_rights\?max_round=3$/, 14],
    [/^\/helpers\/round$/, 19],
    [/^\/helpers\/current_level\?offset=1$/, 19],
  ];
  /** The first level of what needs the past: rights of the voters before, `max_operations_time_to_live` blocks. */
  const FIRST_LEVEL: Readonly<Record<string, number>> = {
    [/^$/.source]: 24,
    [/^\/live_blocks$/.source]: 32,
  };

  for (const [what, countMin] of EXACT) {
    testShared(
      `${FOLDER}/levels.ndjson`,
      `${what.source} is answered byte for byte as recorded`,
      content => {
        const foreign = foreignBlocks(content);
        const rows = rowsAbout(content, what).filter(
          ({ hash, level }) => !foreign.has(hash) && level >= (FIRST_LEVEL[what.source] ?? 0),
        );
        checkEach(
          rows,
          countMin,
          ({ target }) => target,
          ({ hash, target, body }) => {
            const { node } = sandboxAt(content, hash);
            const said = answer(node, target);
            expect(said.status).toBe(200);
            expect(said.body).toBe(withoutMoney(body));
          },
        );
      },
    );
  }
});

type AboutBlock = {
  readonly hash: string;
  readonly level: number;
  readonly target: string;
  readonly body: string;
};

/** The recorded answers to requests whose rest after the block is such. */
function rowsAbout(content: unknown, what: RegExp): readonly AboutBlock[] {
  const levels = new Map(
    blocksOf(content).map(({ hash, header }) => [hash as string, header.level]),
  );
  return (content as readonly Row[]).flatMap(({ request, status, body }) => {
    const target = request.replace(/^GET /, '');
    const [, hash = '', rest = ''] = /\/blocks\/(B\w{50})(.*)$/.exec(target) ?? [];
    const level = levels.get(hash);
    return status === 200 && level !== undefined && what.test(rest)
      ? [{ hash, level, target, body }]
      : [];
  });
}

/** Blocks with operations that Meridian does not forge, so that they cannot be rebuilt. */
function foreignBlocks(content: unknown): ReadonlySet<string> {
  const foreign = blocksOf(content).filter(({ operations }) =>
    operations.flat().some(operation => chainOperation(operation) === undefined),
  );
  return new Set(foreign.map(({ hash }) => hash));
}

describe('streams', () => {
  type Line = { readonly line?: string };

  /** Recorded lines that one of our streams should say again, and the events that make it. */
  function replayed(
    rows: unknown,
    levels: unknown,
    target: string,
    event: (block: ChainBlock) => ChainEvent,
  ): readonly { readonly recorded: string; readonly said: string }[] {
    const foreign = foreignBlocks(levels);
    return (rows as readonly Line[]).flatMap(({ line }) => {
      const hash = line && (JSON.parse(line) as { readonly hash: string }).hash;
      const known = blocksOf(levels).find(block => block.hash === hash);
      if (line === undefined || known === undefined || foreign.has(known.hash)) return [];
      const { chain, node } = sandboxAt(levels, known.hash);
      const said = items(ask(node, 'GET', target), () => {
        node.deliver([event(chain.head())]);
      });
      return [{ recorded: `${line}\n`, said: said.at(-1) ?? '' }];
    });
  }

  /** What a stream says while something happens. */
  function items(reply: Reply, happens: () => void): readonly string[] {
    if (!('stream' in reply)) throw new Error(`no stream but ${reply.status}`);
    const said: string[] = [];
    const stop = reply.stream(
      text => said.push(text),
      () => said.push('end'),
    );
    happens();
    stop();
    return said;
  }

  const at = instant(0);
  const BLOCK_STREAMS = [
    ['monitor-heads', '/monitor/heads/main', 'head'],
    ['monitor-validated_blocks', '/monitor/validated_blocks', 'validated'],
    ['monitor-applied_blocks', '/monitor/applied_blocks', 'head'],
  ] as const;
  for (const [file, target, kind] of BLOCK_STREAMS) {
    testShared(`${FOLDER}/${file}.ndjson`, 'each line is said byte for byte as recorded', rows => {
      const levels = shared(`${FOLDER}/levels.ndjson`);
      const lines = replayed(rows, levels, target, block => ({ kind, at, block }));
      checkEach(
        lines,
        17,
        ({ recorded }) => recorded.slice(0, 90),
        ({ recorded, said }) => {
          expect(said).toBe(recorded);
        },
      );
    });
  }

  testShared(`${FOLDER}/monitor-bootstrapped.ndjson`, 'one item, then the end', rows => {
    const [, item] = rows as readonly Line[];
    const levels = shared(`${FOLDER}/levels.ndjson`);
    const { block } = JSON.parse(item?.line ?? '') as { readonly block: string };
    const { node } = sandboxAt(levels, block);
    const said = items(ask(node, 'GET', '/monitor/bootstrapped'), () => undefined);
    expect(said).toEqual([`${item?.line ?? ''}\n`, 'end']);
  });

  testShared(`${FOLDER}/mempool-monitor_operations-default.ndjson`, 'votes and the end', rows => {
    const levels = shared(`${FOLDER}/levels.ndjson`);
    const [first] = blocksOf(levels);
    const recorded = (rows as readonly Line[]).flatMap(({ line }) => (line ? [line] : []));
    checkEach(
      recorded,
      100,
      text => text.slice(0, 90),
      text => {
        const { chain, node } = sandboxAt(levels, first?.hash ?? '');
        const operations = (JSON.parse(text) as readonly NodeOperation[]).map(chainOperation);
        const events = operations.flatMap((operation): readonly ChainEvent[] =>
          operation === undefined ? [] : [{ kind: 'operation', at, operation }],
        );
        if (events.length === 0) return;
        node.deliver(events);
        const said = items(ask(node, 'GET', '/chains/main/mempool/monitor_operations'), () => {
          node.deliver([{ kind: 'head', at, block: chain.head() }]);
        });
        expect(said).toEqual([`${text}\n`, 'end']);
      },
    );
  });
});

describe('single answers', () => {
  type Once = {
    readonly request: { readonly method: string; readonly path: string; readonly body?: unknown };
    readonly response: {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body: string;
    } | null;
  };

  /** Requests of the recording that the sandbox does not answer, or not alike. */
  const NOT_HERE: readonly { readonly path: RegExp; readonly why: string }[] = [
    { path: /^\/(network|config|health)/, why: 'about peers and files; nobody votes by it' },
    { path: /^\/chains\/main\/(levels|invalid_blocks|mempool\/filter)/, why: 'about storage' },
    { path: /\/blocks\?length/, why: 'lists of hashes; the streams give them' },
    { path: /constants\/parametric$/, why: 'a part of context/constants' },
    { path: /\/(tz4_baker_number_ratio|total_baking_power)$/, why: 'about stake in mutez' },
    { path: /\/(denunciations|nonces\/\d|resulting_context_hash)$/, why: 'about the context' },
    { path: /\/(BLockGenesis\w+|0|1)\/header$/, why: 'headers of the genesis protocol' },
    { path: /\/blocks\/(99999|head~200)\//, why: 'asked of another past; tested in the lib' },
  ];
  /** What differs between two chains in the text of an answer: numbers and hashes. */
  const masked = (text: string): string =>
    text.replace(/B[LMK]\w{49}/g, 'B…').replace(/"(oldest|requested|latest)":\d+/g, '"$1":N');

  testShared(
    `${FOLDER}/once.ndjson`,
    'errors have status, headers and text of the recording',
    content => {
      const levels = shared(`${FOLDER}/levels.ndjson`);
      const head = blocksOf(levels).at(-1)?.hash ?? '';
      const errors = (content as readonly Once[]).filter(
        ({ request, response }) =>
          response !== null &&
          response.status >= 400 &&
          response.headers &&
          !NOT_HERE.some(({ path }) => path.test(request.path)),
      );
      checkEach(
        errors,
        25,
        ({ request }) => `${request.method} ${request.path}`,
        row => {
          const { method, path, body } = row.request;
          const target = path.replace(/BLirt\w+/, head);
          const text = typeof body === 'string' ? body : '{}';
          const said = ask(sandboxAt(levels, head).node, method, target, text) as Answer;
          expect(said.status).toBe(row.response?.status);
          expect(masked(said.body)).toBe(masked(row.response?.body ?? ''));
          const { 'content-length': length, ...headers } = row.response?.headers ?? {};
          expect(said.headers).toMatchObject(headers);
          expect('content-length' in said.headers).toBe(length !== undefined);
        },
      );
    },
  );

  testShared(
    `${FOLDER}/once.ndjson`,
    'what is the same on every chain is said byte for byte',
    content => {
      const levels = shared(`${FOLDER}/levels.ndjson`);
      const head = blocksOf(levels).at(-1)?.hash ?? '';
      const { node } = sandboxAt(levels, head);
      const same = ['/chain_id', '/is_bootstrapped', '/context/constants', '_activation_level'];
      const rows = (content as readonly Once[]).filter(({ request }) =>
        same.some(end => request.path.endsWith(end)),
      );
      checkEach(
        rows,
        4,
        ({ request }) => request.path,
        ({ request, response }) => {
          const said = answer(node, request.path.replace(/BLirt\w+/, head));
          expect(said).toEqual(response);
        },
      );
    },
  );

  testShared(`${FOLDER}/once.ndjson`, 'what is left has the shape of the recording', content => {
    const levels = shared(`${FOLDER}/levels.ndjson`);
    const head = blocksOf(levels).at(-1)?.hash ?? '';
    const { node } = sandboxAt(levels, head);
    const rows = (content as readonly Once[]).filter(
      ({ request, response }) =>
        response?.status === 200 &&
        request.method === 'GET' &&
        !/pending_operations|\/metadata$|operations\?/.test(request.path) &&
        !NOT_HERE.some(({ path }) => path.test(request.path)),
    );
    checkEach(
      rows,
      12,
      ({ request }) => request.path,
      ({ request, response }) => {
        const said = answer(node, request.path.replace(/BLirt\w+/, head));
        expect(said.status).toBe(200);
        const recorded = JSON.parse(withoutMoney(response?.body ?? '')) as unknown;
        expect(jsonShape(JSON.parse(said.body))).toEqual(jsonShape(recorded));
      },
    );
  });
});

describe('delegates', () => {
  /** Fields of a delegate that the sandbox does not have. */
  const NO_SUCH_FIELD: readonly { readonly fields: readonly string[]; readonly why: string }[] = [
    { fields: ['dal_participation'], why: 'there is no DAL' },
    {
      fields: ['active_staking_parameters', 'pending_staking_parameters', 'staking_denominator'],
      why: 'there are no stakers',
    },
    {
      fields: ['total_staked', 'total_delegated', 'min_delegated_in_current_cycle', 'stakers'],
      why: 'there are no balances',
    },
    {
      fields: ['own_full_balance', 'own_staked', 'own_delegated', 'delegators'],
      why: 'there are no balances',
    },
    {
      fields: ['external_staked', 'external_delegated', 'total_unstaked_per_cycle'],
      why: 'there are no balances',
    },
    { fields: ['estimated_shared_pending_slashed_amount'], why: 'slashing takes no money' },
    {
      fields: ['current_voting_power', 'voting_power', 'voting_info'],
      why: 'there is no vote on protocols',
    },
  ];

  testShared(`${FOLDER}/levels.ndjson`, 'a delegate and its parts have the shape', content => {
    const rows = rowsAbout(content, /^\/context\/delegates\/\w+(\/participation)?$/);
    const missing = NO_SUCH_FIELD.flatMap(({ fields }) => fields);
    checkEach(
      rows,
      10,
      ({ target }) => target,
      ({ hash, target, body }) => {
        const { node } = sandboxAt(content, hash);
        const recorded = JSON.parse(body) as Readonly<Record<string, unknown>>;
        const kept = Object.entries(recorded).filter(([name]) => !missing.includes(name));
        const said = JSON.parse(answer(node, target).body) as object;
        expect(jsonShape(said)).toEqual(jsonShape(Object.fromEntries(kept)));
      },
    );
  });

  test('each reason for a missing field names fields', () => {
    for (const { fields, why } of NO_SUCH_FIELD) {
      expect(fields.length, why).toBeGreaterThan(0);
    }
  });
});
