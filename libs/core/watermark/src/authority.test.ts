import { describe, expect, test } from 'vitest';
import { AUTHORITIES, burn, freeze, latch, raise, takeOver } from './administration.ts';
import type { Authority } from './administration.ts';
import { activeRow, at, authority, freshRow, granted, HOLDER, request } from './fixtures.ts';
import { advance, HISTORIES, MODES, NO_MAX_LEVEL, seal } from './index.ts';
import type { History, Mode, Position, Row } from './index.ts';

const refused = (error: string) => ({ ok: false, error });
const BY = Object.keys(AUTHORITIES) as Authority['by'][];

/** A row of epoch 1 as it can be met in a mode; a frozen one has handed epoch 2 out. */
function inMode(mode: Mode, history: History): Row {
  return { ...activeRow('attestation'), mode, history, handedEpoch: mode === 'frozen' ? 2 : null };
}

const frozen = inMode('frozen', 'known');
const nack = authority('nack', { epoch: 3, burntEpoch: 2 });

describe('who may take a row over', () => {
  /** Written out once more, so that a change of the table is a change of this list too. */
  const allowed: readonly string[] = [
    ...['certificate standby new', 'certificate standby known', 'certificate standby doubtful'],
    ...['certificate frozen new', 'certificate frozen known', 'certificate frozen doubtful'],
    ...['grant standby new', 'grant standby known', 'grant standby doubtful'],
    ...['grant frozen new', 'grant frozen known', 'grant frozen doubtful'],
    ...['grant active new', 'grant active known', 'grant active doubtful'],
    ...['break_glass standby new', 'break_glass standby known', 'break_glass standby doubtful'],
    ...['break_glass frozen new', 'break_glass frozen known', 'break_glass frozen doubtful'],
    ...['break_glass active new', 'break_glass active known', 'break_glass active doubtful'],
    ...['nack frozen known', 'first_use standby new'],
  ];
  const cases = BY.flatMap(by =>
    MODES.flatMap(mode => HISTORIES.map(history => [by, mode, history] as const)),
  );

  test.each(cases)('%s from %s and %s only where the list says so', (by, mode, history) => {
    const given = by === 'nack' ? nack : authority(by);
    const outcome = takeOver(inMode(mode, history), given);
    expect(outcome.ok).toBe(allowed.includes(`${by} ${mode} ${history}`));
  });

  test('nothing but a release leads out of latched', () => {
    for (const { modes } of Object.values<{ modes: readonly Mode[] }>(AUTHORITIES)) {
      expect(modes).not.toContain('latched');
    }
  });

  test('the first use of a key is no longer its first after any other use', () => {
    const used = { ...granted(takeOver(freshRow('block'), authority('grant'))) };
    const first = authority('first_use', { epoch: 3 });
    expect(takeOver({ ...used, mode: 'standby' }, first)).toEqual(refused('wrong_history'));
    const imported = granted(raise(freshRow('block'), at(50), 'imported'));
    expect(takeOver(imported, first)).toEqual(refused('wrong_history'));
  });

  test('what was given to another incarnation or generation of the row is worth nothing', () => {
    for (const by of BY) {
      const row = inMode(by === 'nack' ? 'frozen' : 'standby', by === 'nack' ? 'known' : 'new');
      const given = by === 'nack' ? nack : authority(by);
      for (const other of [{ incarnation: 'second' }, { generation: 0 }, { generation: 2 }]) {
        expect(takeOver(row, { ...given, ...other })).toEqual(refused('other_incarnation'));
      }
    }
  });
});

describe('the terms of a take-over', () => {
  const standby = inMode('standby', 'known');

  test.each([Number.NaN, 1, 0, 2.5, Number.POSITIVE_INFINITY])('the epoch %s is refused', epoch => {
    expect(takeOver(standby, authority('grant', { epoch }))).toEqual(refused('stale_epoch'));
  });

  test.each([Number.NaN, 100.5, NO_MAX_LEVEL + 1, Number.POSITIVE_INFINITY])(
    'the lease end %s is refused',
    maxLevel => {
      const outcome = takeOver(standby, authority('grant', { maxLevel }));
      expect(outcome).toEqual(refused('bad_lease_end'));
    },
  );

  test('a floor that is no position is refused, not ignored', () => {
    const floor = { level: Number.NaN, round: 0 } as Position;
    expect(takeOver(standby, authority('grant', { floor }))).toEqual(refused('bad_floor'));
  });

  test('a site that knows less starts above the floor that comes with the right', () => {
    const row = granted(takeOver(standby, authority('grant', { floor: at(102, 1) })));
    const holder = { ...HOLDER, site: 'ie', epoch: 2 };
    const wish = { kind: 'attestation', level: 102, round: 1 } as const;
    expect(advance(row, request(wish, holder))).toMatchObject({ error: { code: 'below_mark' } });
    expect(advance(row, request({ ...wish, round: 2 }, holder)).ok).toBe(true);
  });

  test('a floor at the mark forgets what was permitted there: another site may have signed something else', () => {
    const wish = { kind: 'attestation', level: 100 } as const;
    const permitted = granted(advance(activeRow('attestation'), request(wish))).row;
    const given = authority('grant', { floor: at(100), site: 'us', epoch: 3 });
    const row = granted(takeOver(permitted, given));
    const again = advance(row, request(wish, { ...HOLDER, epoch: 3 }));
    expect(again).toMatchObject({ error: { code: 'below_mark' } });
    // What was under way for the old epoch is fenced, and the same right once more changes nothing.
    expect(seal(row, request(wish), 'sig1')).toMatchObject({ error: { code: 'fenced' } });
    expect(granted(takeOver(row, given))).toBe(row);
  });

  test('the site that held the row is fenced', () => {
    const row = granted(takeOver(activeRow('attestation'), authority('grant')));
    const late = advance(row, request({ kind: 'attestation', level: 100 }));
    expect(late).toMatchObject({ error: { code: 'fenced' } });
  });

  test('the mark survives', () => {
    const row = takeOver({ ...activeRow('block'), ...at(500, 3) }, authority('grant'));
    expect(row).toMatchObject({ value: { level: 500, round: 3, mode: 'active' } });
  });

  test('the same authority again gives the very row back, also once the row has moved on', () => {
    const given = authority('grant', { floor: at(120), maxLevel: 124 });
    const row = granted(takeOver(standby, given));
    expect(granted(takeOver(row, given))).toBe(row);
    const later: Row = { ...row, maxLevel: 128, ...at(125), seq: row.seq + 2 };
    expect(granted(takeOver(later, given))).toBe(later);
  });

  test.each([{ maxLevel: 128 }, { floor: at(121) }, { site: 'us' }])(
    'another authority, by %o, under an epoch in use is refused',
    other => {
      const given = authority('grant', { floor: at(120), maxLevel: 124 });
      const row = granted(takeOver(standby, given));
      expect(takeOver(row, { ...given, ...other })).toEqual(refused('stale_epoch'));
    },
  );
});

describe('coming back after a hand-over', () => {
  test('the word of a target that burnt the epoch gives the row back', () => {
    const row = granted(takeOver(frozen, nack));
    expect(row).toMatchObject({ mode: 'active', site: 'us', epoch: 3, handedEpoch: null });
  });

  test('it gives the row back to no other site', () => {
    expect(takeOver(frozen, { ...nack, site: 'ie' })).toEqual(refused('other_site'));
  });

  test.each([1, 3, undefined])('the word that epoch %s was burnt is about another', burntEpoch => {
    const { burntEpoch: _, ...silent } = nack;
    const given = burntEpoch === undefined ? silent : { ...silent, burntEpoch };
    expect(takeOver(frozen, given)).toEqual(refused('not_burnt'));
  });

  test('a frozen row that handed no epoch out has none that could have been burnt', () => {
    expect(takeOver({ ...frozen, handedEpoch: null }, nack)).toEqual(refused('not_burnt'));
  });

  test('the site that froze needs a later epoch than the one it handed out', () => {
    for (const by of ['certificate', 'grant', 'break_glass', 'nack'] as const) {
      const given = { ...authority(by, { site: 'us', burntEpoch: 2 }) };
      expect(takeOver(frozen, { ...given, epoch: 2 })).toEqual(refused('stale_epoch'));
      expect(takeOver(frozen, { ...given, epoch: 3 }).ok).toBe(true);
    }
  });

  test('another site uses the epoch that was handed out, not one before it', () => {
    const later = { ...frozen, handedEpoch: 4 };
    const given = authority('certificate', { epoch: 3 });
    expect(takeOver(later, given)).toEqual(refused('stale_epoch'));
    expect(takeOver(later, { ...given, epoch: 4 }).ok).toBe(true);
  });
});

describe('burning', () => {
  const target = inMode('standby', 'known');

  test.each(['certificate', 'grant', 'break_glass'] as const)(
    'a burnt epoch or an earlier one is never accepted, whatever it comes by: %s',
    by => {
      const burnt = granted(burn(target, 3));
      for (const epoch of [2, 3]) {
        expect(takeOver(burnt, authority(by, { epoch }))).toEqual(refused('burnt_epoch'));
      }
      expect(takeOver(burnt, authority(by, { epoch: 4 })).ok).toBe(true);
    },
  );

  test('burning changes nothing else', () => {
    expect(granted(burn(target, 3))).toEqual({ ...target, burntEpoch: 3, seq: target.seq + 1 });
  });

  test('the same epoch again, or an earlier one, gives the very row back', () => {
    const burnt = granted(burn(target, 3));
    expect(granted(burn(burnt, 3))).toBe(burnt);
    expect(granted(burn(burnt, 2))).toBe(burnt);
  });

  test('an epoch that was used here is not burnt any more', () => {
    const used = granted(takeOver(target, authority('certificate')));
    expect(burn(used, 2)).toEqual(refused('stale_epoch'));
    expect(burn(granted(takeOver(used, authority('grant', { epoch: 4 }))), 2)).toEqual(
      refused('stale_epoch'),
    );
  });

  test.each([Number.NaN, 2.5, Number.POSITIVE_INFINITY])('the epoch %s is refused', epoch => {
    expect(burn(target, epoch)).toEqual(refused('stale_epoch'));
  });

  test('a row that may have forgotten gives no word', () => {
    expect(burn(latch(target), 3)).toEqual(refused('wrong_mode'));
    expect(burn({ ...target, history: 'doubtful' }, 3)).toEqual(refused('wrong_history'));
  });

  test('a hand-over whose certificate was burnt ends with one holder, in either order', () => {
    const source = granted(freeze(activeRow('attestation'), HOLDER, 2));
    const certificate = authority('certificate');
    const burntFirst = granted(burn(target, 2));
    expect(takeOver(burntFirst, certificate).ok).toBe(false);
    expect(takeOver(source, nack).ok).toBe(true);
    expect(burn(granted(takeOver(target, certificate)), 2).ok).toBe(false);
  });
});
