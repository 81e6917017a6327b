import { describe, expect, test } from 'vitest';
import { toHex } from '@meridian/tezos';
import type { ChainEvent } from '../contract.ts';
import { ask, listen, nodeOn, said } from './fixtures.ts';
import { handChain, SEATS } from './hand-chain.ts';

const HEAD = '/chains/main/blocks/head';
const OPERATIONS = '/chains/main/mempool/monitor_operations';

function grown(count: number): {
  readonly chain: ReturnType<typeof handChain>;
  readonly node: ReturnType<typeof nodeOn>;
} {
  const chain = handChain();
  for (let left = count; left > 0; left -= 1) chain.grow();
  return { chain, node: nodeOn(chain) };
}

describe('which block is meant', () => {
  test('the head, blocks before it, levels and hashes are found', () => {
    const { chain, node } = grown(5);
    const hashAt = (level: number): string | undefined => chain.atLevel(level)?.hash;
    expect(said(node, `${HEAD}/hash`).json).toBe(hashAt(5));
    expect(said(node, `${HEAD}~2/hash`).json).toBe(hashAt(3));
    expect(said(node, '/chains/main/blocks/4/hash').json).toBe(hashAt(4));
    expect(said(node, `/chains/main/blocks/${hashAt(4) ?? ''}~3/hash`).json).toBe(hashAt(1));
    expect(said(node, '/chains/NetXdQprcVkpaWU/blocks/genesis/hash').json).toBe(hashAt(0));
  });

  test('before the first block there is the genesis block', () => {
    const { chain, node } = grown(2);
    expect(said(node, `${HEAD}~200/hash`).json).toBe(chain.genesis.hash);
  });

  test('what is not there is answered with nothing', () => {
    const { node } = grown(2);
    const unknown = 'BLyypN89WuTQyLtExGP6PEuZiu5WFDxys3GTUf7Vz4KvgKcvo2E';
    for (const id of ['99999', unknown, '3']) {
      expect(said(node, `/chains/main/blocks/${id}/header`)).toMatchObject({
        status: 404,
        body: '',
      });
    }
    expect(said(node, '/chains/NetXnHfVqm9iesp/blocks/head/hash').status).toBe(404);
  });
});

describe('a node that does not follow', () => {
  test('it stays at its block until it joins, and then learns the head at once', () => {
    const { chain, node } = grown(3);
    const heads = listen(node, '/monitor/heads/main');
    node.follow(false);
    node.deliver(chain.grow());
    expect(said(node, `${HEAD}/helpers/current_level`).json).toMatchObject({ level: 3 });
    expect(said(node, '/chains/main/blocks/4/hash').status).toBe(404);
    expect(said(node, `/chains/main/blocks/${chain.head().hash}/hash`).status).toBe(404);
    expect(heads.items).toMatchObject([{ level: 3 }]);
    node.follow(true);
    expect(heads.items).toMatchObject([{ level: 3 }, { level: 4 }]);
    expect(said(node, `${HEAD}/hash`).json).toBe(chain.head().hash);
  });

  test('it refuses votes of levels that it has not heard of, and loses the others', () => {
    const { chain, node } = grown(3);
    node.follow(false);
    const near = chain.vote();
    chain.grow();
    chain.grow();
    const far = chain.vote();
    const inject = (event: ChainEvent): ReturnType<typeof said> =>
      said(node, '/injection/operation', 'POST', hexOf(event));
    expect(inject(near)).toMatchObject({ status: 200 });
    expect(inject(far).body).toContain('Unknown branch');
    expect(inject(far).status).toBe(500);
  });
});

function hexOf(event: ChainEvent): string {
  if (event.kind !== 'operation') throw new Error('only operations are injected');
  return JSON.stringify(toHex(event.operation.bytes));
}

describe('streams', () => {
  test('heads begin with the present one, validated blocks with nothing', () => {
    const { chain, node } = grown(2);
    const heads = listen(node, '/monitor/heads/main');
    const validated = listen(node, '/monitor/validated_blocks');
    expect(heads.items).toMatchObject([{ hash: chain.head().hash }]);
    expect(validated.items).toEqual([]);
    node.deliver(chain.grow());
    const { hash } = chain.head();
    expect(heads.items).toMatchObject([{ level: 2 }, { hash, level: 3 }]);
    expect(validated.items).toMatchObject([{ hash, header: { level: 3 } }]);
  });

  test('a stream that was stopped says nothing more', () => {
    const { chain, node } = grown(2);
    const heads = listen(node, '/monitor/heads/main');
    heads.stop();
    node.deliver(chain.grow());
    expect(heads.items.length).toBe(1);
  });

  test('operations begin with the mempool, come one by one and end at a head', () => {
    const { chain, node } = grown(2);
    const first = chain.vote('preattestation');
    node.deliver([first]);
    const operations = listen(node, `${OPERATIONS}?validation_pass=0`);
    const second = chain.vote();
    node.deliver([second]);
    node.deliver(chain.grow());
    node.deliver([chain.vote()]);
    expect(operations.items).toMatchObject([
      [{ contents: [{ kind: 'preattestation', level: 2 }] }],
      [{ contents: [{ kind: 'attestation', level: 2 }] }],
      'end',
    ]);
  });

  test('an empty mempool is an empty list', () => {
    expect(listen(grown(2).node, OPERATIONS).items).toEqual([[]]);
  });

  test('filters keep out what was not asked for', () => {
    const { chain, node } = grown(2);
    node.deliver([chain.vote()]);
    expect(listen(node, `${OPERATIONS}?validated=false`).items).toEqual([[]]);
    expect(listen(node, `${OPERATIONS}?validation_pass=2`).items).toEqual([[]]);
    const other = 'PtTALLiNtPec7mE7yY4m3k26J8Qukef3E3ehzhfXgFZKGtDdAXu';
    expect(listen(node, `/monitor/heads/main?next_protocol=${other}`).items).toEqual([]);
  });

  test('more streams than a node can bear are closed at once', () => {
    const { node } = grown(2);
    const open = Array.from({ length: 1_024 }, () => listen(node, '/monitor/heads/main'));
    expect(listen(node, '/monitor/heads/main').items).toEqual(['end']);
    open[0]?.stop();
    expect(listen(node, '/monitor/heads/main').items).toMatchObject([{ level: 2 }]);
  });

  test('an operation that comes twice is held once', () => {
    const { chain, node } = grown(2);
    const vote = chain.vote();
    node.deliver([vote, vote]);
    const pending = said(node, '/chains/main/mempool/pending_operations').json;
    expect((pending as { readonly validated: readonly unknown[] }).validated.length).toBe(1);
  });
});

describe('injection', () => {
  test('what is refused is an error, and with async only its hash', () => {
    const { chain, node } = grown(2);
    const body = hexOf(chain.vote());
    node.deliver(chain.grow());
    const refused = said(node, '/injection/operation', 'POST', body);
    expect(refused.status).toBe(500);
    expect(refused.json).toEqual([
      { kind: 'permanent', id: 'async_injection_failed' },
      { kind: 'temporary', id: 'failure', msg: 'no such vote' },
    ]);
    for (const query of ['async=true', 'async']) {
      const hidden = said(node, `/injection/operation?${query}`, 'POST', body);
      expect(hidden.status).toBe(200);
      expect(hidden.json).toMatch(/^o\w{50}$/);
    }
  });

  test('an operation that the chain takes is answered with its hash', () => {
    const { chain, node } = grown(2);
    const vote = chain.vote();
    const taken = said(node, '/injection/operation', 'POST', hexOf(vote));
    expect(taken).toMatchObject({ status: 200 });
    expect(taken.json).toBe(vote.kind === 'operation' && vote.operation.hash);
  });
});

describe('protocols', () => {
  const rightsOf = (protocol: string, allBakersAttest = false): unknown => {
    const chain = handChain({ protocol, allBakersAttest });
    chain.grow();
    return said(nodeOn(chain), `${HEAD}/helpers/validators`).json;
  };

  test('023 lists validators flat, with the slots of the lottery', () => {
    expect(rightsOf('023')).toEqual(
      SEATS.toReversed().map(({ delegate, rounds: slots }) => ({
        ...{ level: 1, delegate, slots, consensus_key: delegate },
      })),
    );
  });

  test('later ones list them by level, with power as text', () => {
    for (const protocol of ['024', '025', 'alpha']) {
      expect(rightsOf(protocol)).toMatchObject([
        { level: 1, delegates: [{ attesting_power: '5' }, { attesting_power: '11' }] },
      ]);
    }
  });

  test('receipts have a number in 023, later an object with the power by stake', () => {
    const power = (protocol: string, allBakersAttest: boolean): unknown => {
      const chain = handChain({ protocol, allBakersAttest });
      for (let left = 3; left > 0; left -= 1) chain.grow();
      const [vote] = said(nodeOn(chain), `${HEAD}/operations/0`).json as readonly {
        readonly contents: readonly [{ readonly metadata: { readonly consensus_power: unknown } }];
      }[];
      return vote?.contents[0].metadata.consensus_power;
    };
    expect(power('023', false)).toBe(11);
    expect(power('024', false)).toEqual({ slots: 11, baking_power: null });
    expect(power('025', true)).toEqual({ slots: 11, baking_power: '11' });
  });

  test('headers, metadata and constants have the fields of their protocol', () => {
    const at = (protocol: string, what: string): object => {
      const chain = handChain({ protocol });
      chain.grow();
      return said(nodeOn(chain), `${HEAD}${what}`).json as object;
    };
    expect(at('023', '/header')).toHaveProperty('adaptive_issuance_vote');
    expect(at('024', '/header')).not.toHaveProperty('adaptive_issuance_vote');
    expect(at('023', '/metadata')).not.toHaveProperty('attestations');
    expect(at('024', '/metadata')).toHaveProperty('attestations');
    expect(at('alpha', '/context/constants')).not.toHaveProperty('aggregate_attestation');
    expect(at('024', '/context/constants')).not.toHaveProperty('tz5_account_enable');
    expect(at('023', '/context/constants')).toHaveProperty('all_bakers_attest_activation_level');
  });
});

describe('rights', () => {
  test('those of cycles that are not known yet are an error with the prefix of the protocol', () => {
    const { node } = grown(2);
    const level = 3 * 8 + 1;
    expect(said(node, `${HEAD}/helpers/validators?level=${level - 1}`).status).toBe(200);
    const late = said(node, `${HEAD}/helpers/validators?level=${level}`);
    expect(late.status).toBe(500);
    expect(late.json).toMatchObject([{ id: 'proto.025-PsUshuai.context.storage_error' }]);
  });

  test('one delegate can be asked for, by its address and by its consensus key', () => {
    const { node } = grown(2);
    const [first] = SEATS;
    for (const name of ['delegate', 'consensus_key']) {
      const target = `${HEAD}/helpers/validators?level=3&${name}=${first?.delegate ?? ''}`;
      expect(said(node, target).json).toMatchObject([
        { level: 3, delegates: [{ delegate: first?.delegate }] },
      ]);
    }
  });

  test('who bakes is listed with the first round of each, or with all', () => {
    const { node } = grown(2);
    const rounds = (query: string): readonly number[] =>
      (said(node, `${HEAD}/helpers/baking_rights${query}`).json as { round: number }[]).map(
        ({ round }) => round,
      );
    expect(rounds('')).toEqual([0, 11]);
    expect(rounds('?max_round=3')).toEqual([0]);
    expect(rounds('?max_round=3&all=true')).toEqual([0, 1, 2, 3]);
  });

  test('whole cycles can be asked for beside levels, each level once and ascending', () => {
    const { node } = grown(2);
    const levelsOf = (path: string): readonly number[] => [
      ...new Set(
        (said(node, `${HEAD}/helpers/${path}`).json as { level: number }[]).map(
          ({ level }) => level,
        ),
      ),
    ];
    const [first, second] = [1, 9].map(from => Array.from({ length: 8 }, (_, at) => from + at));
    expect(levelsOf('attestation_rights?cycle=1')).toEqual(second);
    expect(levelsOf('attestation_rights?cycle=1&cycle=0&level=3')).toEqual([
      ...(first ?? []),
      ...(second ?? []),
    ]);
    expect(levelsOf('baking_rights?cycle=0&max_round=0')).toEqual(first);
    expect(levelsOf('validators?cycle=1')).toEqual([2]);
    expect(said(node, `${HEAD}/helpers/attestation_rights?cycle=9`).status).toBe(500);
    expect(said(node, `${HEAD}/helpers/attestation_rights?cycle=x`).status).toBe(400);
  });

  test('a round of a later level begins when all before it are quick', () => {
    const { node } = grown(1);
    const target = `${HEAD}/helpers/baking_rights?level=3&max_round=0`;
    expect(said(node, target).json).toMatchObject([{ estimated_time: '2027-01-15T08:00:06Z' }]);
  });

  test('a delegate that nobody knows is an error', () => {
    const { node } = grown(1);
    const nobody = 'tz1Ke2h7sDdakHJQh8WX4Z372du1KChsksyU';
    expect(said(node, `${HEAD}/context/delegates/${nobody}/participation`).json).toEqual([
      { kind: 'temporary', id: 'proto.025-PsUshuai.delegate.not_registered', pkh: nobody },
    ]);
  });

  test('what a delegate has missed comes from the chain', () => {
    const { node } = grown(1);
    const target = `${HEAD}/context/delegates/${SEATS[0]?.delegate ?? ''}/participation`;
    expect(said(node, target).json).toEqual({
      expected_cycle_activity: 88,
      minimal_cycle_activity: 58,
      missed_slots: 11,
      missed_levels: 1,
      remaining_allowed_missed_slots: 19,
      expected_attesting_rewards: '412456',
    });
  });
});

test('an RPC that is there for another method says which', () => {
  const { node } = grown(1);
  expect(ask(node, '/injection/operation')).toMatchObject({
    status: 405,
    headers: { allow: 'POST' },
  });
});
