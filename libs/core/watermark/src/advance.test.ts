import { describe, expect, test } from 'vitest';
import { freeze, latch } from './administration.ts';
import { activeRow, freshRow, granted, HOLDER, request, TZ4 } from './fixtures.ts';
import type { Wish } from './fixtures.ts';
import { advance, seal } from './index.ts';
import type { Kind, Refusal, RefusalCode, Row } from './index.ts';

/** The row after all these wishes were permitted. */
function signed(kind: Kind, ...wishes: readonly Omit<Wish, 'kind'>[]): Row {
  return wishes.reduce((row, wish) => {
    const outcome = advance(row, request({ kind, ...wish }));
    if (!outcome.ok) throw new Error(outcome.error.code);
    return outcome.value.row;
  }, activeRow(kind));
}

function refusal(row: Row | undefined, wish: Wish, holder = HOLDER): Refusal | undefined {
  const outcome = advance(row, request(wish, holder));
  return outcome.ok ? undefined : outcome.error;
}

type Case = readonly [
  name: string,
  kind: Kind,
  before: Omit<Wish, 'kind'>,
  asked: Omit<Wish, 'kind'>,
  code: RefusalCode | undefined,
];

const CASES: readonly Case[] = [
  ['a later level is allowed', 'attestation', { level: 100 }, { level: 101 }, undefined],
  [
    'a later level starts at a lower round',
    'block',
    { level: 100, round: 7 },
    { level: 101 },
    undefined,
  ],
  [
    'a later round is allowed',
    'preattestation',
    { level: 100 },
    { level: 100, round: 1 },
    undefined,
  ],
  [
    'an earlier round is refused',
    'attestation',
    { level: 100, round: 1 },
    { level: 100 },
    'below_mark',
  ],
  [
    'an earlier level at a later round is refused',
    'block',
    { level: 100 },
    { level: 99, round: 9 },
    'below_mark',
  ],
  ['the same vote again is allowed', 'attestation', { level: 100 }, { level: 100 }, undefined],
  [
    'another payload is refused',
    'preattestation',
    { level: 100 },
    { level: 100, payload: 'B' },
    'conflicting_vote',
  ],
  [
    'another branch is refused',
    'attestation',
    { level: 100 },
    { level: 100, branch: 'other' },
    'conflicting_vote',
  ],
  [
    'another slot is an equivalent vote',
    'attestation',
    { level: 100 },
    { level: 100, slot: 9 },
    'equivalent_vote_signed',
  ],
  [
    'added DAL content is an equivalent vote',
    'attestation',
    { level: 100 },
    { level: 100, dal: '5' },
    'equivalent_vote_signed',
  ],
  [
    'other DAL content is an equivalent vote',
    'attestation',
    { level: 100, dal: '5' },
    { level: 100, dal: '6' },
    'equivalent_vote_signed',
  ],
  [
    'DAL content does not excuse another payload',
    'attestation',
    { level: 100, dal: '5' },
    { level: 100, dal: '5', payload: 'B' },
    'conflicting_vote',
  ],
  [
    'another block is refused',
    'block',
    { level: 100 },
    { level: 100, payload: 'B' },
    'conflicting_block',
  ],
  [
    'the same block is refused while its signature is not stored',
    'block',
    { level: 100 },
    { level: 100 },
    'block_spent',
  ],
];

describe('the mark', () => {
  test.each(CASES)('%s', (_name, kind, before, asked, code) => {
    expect(refusal(signed(kind, before), { kind, ...asked })?.code).toBe(code);
  });

  test('a refusal by the mark carries the mark that caused it', () => {
    const row = signed('attestation', { level: 100, round: 2 });
    const { digest } = row;
    expect(refusal(row, { kind: 'attestation', level: 100, round: 2, payload: 'B' })?.mark).toEqual(
      {
        level: 100,
        round: 2,
        digest,
      },
    );
  });

  test('an equivalent vote comes back with the bytes and the signature that were released', () => {
    const wish = { kind: 'attestation', level: 100 } as const;
    const sealed = seal(signed('attestation', wish), request(wish), 'sig1');
    const row = sealed.ok ? sealed.value : undefined;
    expect(refusal(row, { ...wish, slot: 9 })?.released).toEqual({
      bytes: request(wish).bytes,
      signature: 'sig1',
    });
  });

  test('a mark whose bytes are not known conflicts with every other vote', () => {
    const row = { ...signed('attestation', { level: 100 }), bytes: null };
    expect(refusal(row, { kind: 'attestation', level: 100, slot: 9 })?.code).toBe(
      'conflicting_vote',
    );
  });

  test('nothing is signed at a floor or below it', () => {
    const row = activeRow('attestation');
    expect(refusal(row, { kind: 'attestation', level: 99 })?.code).toBe('below_mark');
    expect(refusal(row, { kind: 'attestation', level: 99, round: 1 })).toBeUndefined();
  });

  test('every permission moves the sequence, the same vote again too', () => {
    const once = signed('attestation', { level: 100 });
    const twice = signed('attestation', { level: 100 }, { level: 100 });
    expect([once.seq, twice.seq]).toEqual([2, 3]);
  });

  test('a new mark forgets the signature of the old one', () => {
    const wish = { kind: 'attestation', level: 100 } as const;
    const sealed = seal(signed('attestation', wish), request(wish), 'sig1');
    const next = advance(sealed.ok ? sealed.value : undefined, request({ ...wish, level: 101 }));
    expect(next.ok && [next.value.signature, next.value.row.signature]).toEqual([null, null]);
  });
});

describe('the holder', () => {
  const wish = { kind: 'attestation', level: 100 } as const;
  const row = activeRow('attestation');

  test('a missing row refuses', () => {
    expect(refusal(undefined, wish)?.code).toBe('missing_row');
  });

  test('a row in standby refuses', () => {
    expect(refusal(freshRow('attestation', HOLDER), wish)?.code).toBe('standby');
  });

  test('a frozen row refuses even the same vote again', () => {
    const frozen = granted(freeze(signed('attestation', wish), HOLDER, 2));
    expect(refusal(frozen, wish)?.code).toBe('frozen');
  });

  test.each([{ site: 'ie' }, { epoch: 0 }, { epoch: 2 }])(
    'a row that another holder froze says that it is not ours, by %o',
    other => {
      const frozen = granted(freeze(row, HOLDER, 2));
      expect(refusal(frozen, wish, { ...HOLDER, ...other })?.code).toBe('fenced');
    },
  );

  test('a latched row refuses', () => {
    expect(refusal(latch(row), wish)?.code).toBe('latched');
  });

  test.each([
    ['another site', { site: 'ie' }, 'fenced'],
    ['an earlier epoch', { epoch: 0 }, 'fenced'],
    ['a later epoch', { epoch: 2 }, 'fenced'],
    ['another incarnation', { incarnation: 'second' }, 'other_incarnation'],
    ['an earlier generation', { generation: 0 }, 'superseded'],
    ['a later generation', { generation: 2 }, 'other_incarnation'],
  ] as const)('%s is refused', (_name, other, code) => {
    expect(refusal(row, wish, { ...HOLDER, ...other })?.code).toBe(code);
  });

  test('the lease ends before its maximum level', () => {
    const leased = activeRow('attestation', 102);
    expect(refusal(leased, { ...wish, level: 101 })).toBeUndefined();
    expect(refusal(leased, { ...wish, level: 102 })?.code).toBe('lease_exhausted');
  });

  test('a lease end that is no number allows nothing', () => {
    const broken = { ...row, maxLevel: Number.NaN };
    expect(refusal(broken, wish)?.code).toBe('lease_exhausted');
  });

  test('a request is never held against another key’s row', () => {
    expect(() => advance(activeRow('block'), request(wish))).toThrow(/its own chain, key and kind/);
  });
});

describe('a store that fell back', () => {
  const wish = { kind: 'attestation', level: 100 } as const;
  const row = signed('attestation', { level: 99, round: 1 });
  const codeAfter = (seenSeq: number | null, stored: Row = row, holder = HOLDER) => {
    const outcome = advance(stored, request(wish, holder, seenSeq));
    return outcome.ok ? 'allowed' : outcome.error.code;
  };

  test('a row with a lower sequence than was seen is refused', () => {
    expect(codeAfter(row.seq + 1)).toBe('store_went_back');
    expect(codeAfter(row.seq)).toBe('allowed');
    expect(codeAfter(null)).toBe('allowed');
  });

  test('the refusal is named before all that the row says of itself', () => {
    const seen = row.seq + 2;
    expect(codeAfter(seen, { ...latch(row), seq: row.seq })).toBe('store_went_back');
    expect(codeAfter(seen, { ...row, maxLevel: 0 })).toBe('store_went_back');
  });

  test('is not what a foreign, a newly made or a released row is, whose sequence says nothing here', () => {
    const seen = row.seq + 2;
    const other = { ...HOLDER, incarnation: 'second' };
    expect(codeAfter(seen, row, other)).toBe('other_incarnation');
    expect(codeAfter(seen, row, { ...other, site: 'ie' })).toBe('fenced');
    const released = { ...row, generation: HOLDER.generation + 1, incarnation: 'third' };
    expect(codeAfter(seen, released)).toBe('superseded');
    expect(codeAfter(seen, row, { ...HOLDER, site: 'ie' })).toBe('store_went_back');
  });

  test('every refusal but that of a missing row brings the row that was looked at', () => {
    for (const stored of [row, { ...row, maxLevel: 0 }, latch(row)]) {
      const outcome = advance(stored, request({ ...wish, level: 99 }, HOLDER, null));
      expect(outcome).toMatchObject({ ok: false, error: { row: stored } });
    }
  });

  test('a sequence that is no number is refused', () => {
    expect(codeAfter(0, { ...row, seq: Number.NaN })).toBe('store_went_back');
    expect(codeAfter(Number.NaN)).toBe('store_went_back');
  });
});

describe('stored bytes', () => {
  const wish = { kind: 'attestation', level: 100 } as const;
  const row = signed('attestation', wish);

  test.each(['', 'zz', '13', '13'.repeat(200), '11'.repeat(90)])(
    'that cannot be read as a vote conflict with every other one: %o',
    bytes => {
      expect(refusal({ ...row, bytes }, { ...wish, slot: 9 })?.code).toBe('conflicting_vote');
    },
  );

  test('that cannot be read are no obstacle to the very same vote', () => {
    expect(refusal({ ...row, bytes: 'zz' }, wish)).toBeUndefined();
  });

  test('an equivalent vote comes without a signature while none is stored', () => {
    expect(refusal(row, { ...wish, slot: 9 })?.released).toEqual({
      bytes: request(wish).bytes,
      signature: null,
    });
  });
});

describe('a key that signs in BLS mode', () => {
  const wish = { kind: 'attestation', level: 100 } as const;
  const asked = (more: Partial<Wish> = {}) => request({ ...wish, ...more }, HOLDER, null, TZ4);
  const row = granted(advance({ ...activeRow('attestation'), pkh: TZ4 }, asked())).row;
  const codeOf = (more: Partial<Wish>) => {
    const outcome = advance(row, asked(more));
    return outcome.ok ? 'allowed' : outcome.error.code;
  };

  test('signs the same bytes whatever the slot and the DAL content', () => {
    expect(asked({ slot: 9, dal: '5' }).digest).toBe(asked().digest);
    expect(codeOf({ slot: 9, dal: '5' })).toBe('allowed');
  });

  test.each([
    ['another payload', { payload: 'B' }, 'conflicting_vote'],
    ['another branch', { branch: 'other' }, 'conflicting_vote'],
    ['an earlier round of an earlier level', { level: 98 }, 'below_mark'],
    ['a later round', { round: 1 }, 'allowed'],
  ] as const)('is judged by what the bytes say: %s', (_name, more, code) => {
    expect(codeOf(more)).toBe(code);
  });
});
