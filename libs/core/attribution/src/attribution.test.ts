import { instant } from '@meridian/prelude';
import { PROTOCOL_PROBLEMS } from '@meridian/signer-protocol';
import { ABSTENTIONS } from '@meridian/tenderbake';
import { REFUSALS } from '@meridian/watermark';
import { describe, expect, test } from 'vitest';
import { blockHash, facts, LEVEL, OWN, proposal, startOf, story, type Story } from './fixtures.ts';
import { MISS_REASONS, type MissReason, type NodeAnswer } from './index.ts';
import { REASON_OF_ABSTENTION, reasonOfCode } from './reasons.ts';

const BLOCK = proposal('100', LEVEL);
/** The time of the block that should have the vote. */
const DUE = startOf(LEVEL + 1);
const TAKEN: readonly NodeAnswer[] = ['taken', 'taken', 'taken'];
const later = (at: number, ms: number) => instant(at + ms);

/** A story in which the level before was seen, and the rights of the level are known. */
function begun(sign?: 'early'): Story {
  const of = story(sign);
  of.learn(LEVEL - 1);
  of.block(proposal('99', LEVEL - 1));
  of.learn(LEVEL);
  return of;
}

/** The block comes, is preattested, and gets its prequorum: an attestation is wanted. */
function wanted(sign?: 'early'): Story {
  const of = begun(sign);
  of.block(BLOCK);
  of.answer('signed');
  of.prequorum(BLOCK);
  return of;
}

/** An attestation that signers refuse. */
function refused(code: string): Story {
  const of = wanted();
  of.answer(code);
  of.end(BLOCK);
  return of;
}

/** An attestation that went out, and what nodes said to it. */
function published(answers: readonly NodeAnswer[], at = startOf(LEVEL)): Story {
  const of = wanted();
  of.answer('signed');
  of.nodes(answers, at);
  of.end(BLOCK);
  return of;
}

/** Everything for which a right can be missed, each by what causes it; often by more than one cause. */
const CAUSES: Readonly<Record<MissReason, readonly (() => Story)[]>> = {
  left_out: [() => published(TAKEN), () => published(['taken', 'forbidden', 'taken'], DUE)],
  forbidden: [() => published(['forbidden', 'forbidden', 'taken'])],
  injection_refused: [() => published(['refused', 'away', 'refused'])],
  published_late: [
    () => published(TAKEN, later(DUE, 1)),
    () => published(['late', 'taken', 'late']),
  ],
  node: [
    () => published(['taken', 'away', 'away']),
    () => published([]),
    () => {
      // Handed over in time, taken after it.
      const of = wanted();
      of.answer('signed');
      const [ballot] = of.out.slice(-1);
      of.tell({ kind: 'handed', ballot: ballot!, at: startOf(LEVEL) });
      const at = later(DUE, 1);
      of.tell({ kind: 'receipts', ballot: ballot!, receipts: [{ answer: 'taken', at }] });
      of.end(BLOCK);
      return of;
    },
  ],
  conflicting: [() => refused('conflicting_vote'), () => refused('other_vote_released')],
  latched: [() => refused('latched')],
  fenced: [() => refused('fenced'), () => refused('superseded')],
  frozen: [() => refused('frozen')],
  standby: [() => refused('standby'), () => refused('unknown_row')],
  lease_exhausted: [() => refused('lease_exhausted')],
  below_mark: [() => refused('below_mark')],
  store: [() => refused('store_unavailable'), () => refused('store_went_back')],
  signer_refused: [() => refused('beyond_horizon'), () => refused('a code of another signer')],
  signer_slow: [
    () => refused('unavailable'),
    () => {
      const of = wanted();
      of.end(BLOCK);
      return of;
    },
    () => {
      const of = wanted();
      of.answer('signed', later(DUE, 1));
      of.nodes(['late', 'late', 'late'], later(DUE, 2));
      of.end(BLOCK);
      return of;
    },
    () => {
      // The signers did not even sign the preattestation, and no prequorum came.
      const of = begun();
      of.block(BLOCK);
      of.answer('unavailable');
      of.end(BLOCK);
      return of;
    },
  ],
  stopped: [
    () => published(['stopped', 'stopped']),
    () => {
      const of = story('at_prequorum', later(BLOCK.timestamp, 1));
      of.learn(LEVEL);
      of.block(BLOCK, later(DUE, 1));
      of.end(BLOCK);
      return of;
    },
  ],
  locked: [
    () => {
      const of = wanted();
      of.answer('signed');
      of.nodes(TAKEN);
      const other = proposal('100/1', LEVEL, { round: 1 });
      of.block(other);
      of.end(other);
      return of;
    },
  ],
  late_block: [
    () => {
      const of = begun();
      of.block(BLOCK, later(DUE, 1));
      of.end(BLOCK);
      return of;
    },
    () => {
      // The first block that was seen, by who had listened before it.
      const of = story('at_prequorum', BLOCK.timestamp);
      of.learn(LEVEL);
      of.block(BLOCK, later(DUE, 1));
      of.end(BLOCK);
      return of;
    },
  ],
  abstained: [
    () => {
      const of = begun();
      of.block(BLOCK);
      const rival = proposal('rival', LEVEL);
      of.block(rival);
      of.end(rival);
      return of;
    },
  ],
  no_prequorum: [
    () => {
      const of = begun();
      of.block(BLOCK);
      of.answer('signed');
      of.end(BLOCK);
      return of;
    },
    () => {
      // Signed with the preattestation, and kept back.
      const of = begun('early');
      of.block(BLOCK);
      of.answer('signed');
      of.end(BLOCK);
      return of;
    },
  ],
  migration_block: [
    () => {
      const of = begun();
      of.block({ ...BLOCK, proto: 2 });
      of.end(BLOCK);
      return of;
    },
  ],
  protocol_unknown: [
    () => {
      const of = begun();
      const { hash, level, round } = BLOCK;
      const why = { reason: 'protocol_unknown', seats: [] } as const;
      of.tell({
        ...{ kind: 'line', at: startOf(LEVEL + 1) },
        effect: { kind: 'abstain', hash, level, round, ...why },
      });
      of.end(BLOCK);
      return of;
    },
  ],
  no_rights_data: [
    () => {
      const of = story();
      of.learn(LEVEL - 1);
      of.block(proposal('99', LEVEL - 1));
      of.block(BLOCK);
      of.tell({
        ...{ kind: 'line', at: startOf(LEVEL + 1) },
        effect: { kind: 'facts', facts: facts(LEVEL) },
      });
      of.end(BLOCK);
      return of;
    },
  ],
  block_unseen: [
    () => {
      const of = begun();
      of.end(BLOCK);
      return of;
    },
  ],
};

const cases = Object.entries(CAUSES).flatMap(([reason, causes]) =>
  causes.map((cause, at) => [reason as MissReason, at + 1, cause] as const),
);

describe('a right is missed once, and for one reason', () => {
  test.each(cases)('%s, cause %i', (reason, _, cause) => {
    expect(cause().rights()).toMatchObject([
      { level: LEVEL, delegate: OWN.delegate, slot: OWN.slot, outcome: 'missed', reason },
    ]);
  });

  test('every reason of the table has its cause here', () => {
    expect(Object.keys(CAUSES).sort()).toEqual(Object.keys(MISS_REASONS).sort());
  });

  test('every refusal of a signer and every abstention has its reason, and most of them one of their own', () => {
    const codes = [...Object.keys(REFUSALS), ...Object.keys(PROTOCOL_PROBLEMS)];
    const reasons = new Set(codes.map(reasonOfCode));
    expect([...reasons].sort()).toEqual([
      ...['below_mark', 'conflicting', 'fenced', 'frozen', 'latched', 'lease_exhausted'],
      ...['signer_refused', 'signer_slow', 'standby', 'store'],
    ]);
    expect(reasonOfCode('constructor')).toBe('signer_refused');
    expect(Object.keys(REASON_OF_ABSTENTION).sort()).toEqual(Object.keys(ABSTENTIONS).sort());
  });
});

describe('the evidence of a miss', () => {
  test('says how many nodes took the vote in time, and how much time there was', () => {
    expect(published(['taken', 'taken', 'away'], later(DUE, -1_500)).rights()).toMatchObject([
      { reason: 'left_out', takenBy: 2, spareMs: 1_500, code: null },
    ]);
    expect(published(TAKEN, later(DUE, 20)).rights()).toMatchObject([
      { reason: 'published_late', takenBy: 0, spareMs: -20 },
    ]);
  });

  test('names the code of the signer, whichever vote it refused', () => {
    expect(refused('store_went_back').rights()).toMatchObject([
      { reason: 'store', code: 'store_went_back', takenBy: 0, spareMs: null },
    ]);
  });

  test('one node that lies about a vote frames nobody', () => {
    expect(published(['forbidden', 'away', 'away', 'taken']).rights()).toMatchObject([
      { reason: 'node' },
    ]);
  });
});

describe('an attested right', () => {
  test('is our own where our vote went out, and shared where another endorser was first', () => {
    const own = wanted();
    own.answer('signed');
    own.nodes(TAKEN);
    own.end(BLOCK, [0, 1, 2, 3]);
    expect(own.rights()).toMatchObject([{ outcome: 'attested', by: 'own', round: 0 }]);
    for (const said of ['shared', 'standby']) {
      const of = wanted();
      of.answer(said);
      of.end(BLOCK, [0, 1, 2, 3]);
      expect(of.rights()).toMatchObject([{ outcome: 'attested', by: 'shared' }]);
    }
  });
});

describe('a right has its outcome', () => {
  test('only when two blocks are built on the one that decides', () => {
    const of = begun();
    of.block(BLOCK);
    for (const more of [1, 2]) of.block(proposal((LEVEL + more).toString(), LEVEL + more));
    const read = { kind: 'read', hash: blockHash('101'), level: LEVEL + 1 };
    expect(of.told).not.toContainEqual(read);
    of.block(proposal('103', LEVEL + 3));
    expect(of.told).toContainEqual(read);
    expect(of.rights()).toEqual([]);
  });

  test('only when the nodes have said their last word, or some levels later', () => {
    const of = wanted();
    of.answer('signed');
    of.end(BLOCK);
    expect(of.rights()).toEqual([]);
    of.nodes(TAKEN);
    expect(of.rights()).toMatchObject([{ reason: 'left_out' }]);
    const silent = wanted();
    silent.answer('signed');
    silent.end(BLOCK);
    for (let more = 4; more <= 12; more += 1) {
      expect(silent.rights()).toEqual([]);
      silent.block(proposal((LEVEL + more).toString(), LEVEL + more));
    }
    expect(silent.rights()).toMatchObject([{ reason: 'node' }]);
  });

  test('which is that nothing is known, where nothing is known of the chain', () => {
    const of = begun();
    of.block(BLOCK);
    of.block(proposal('120', LEVEL + 20));
    expect(of.rights()).toMatchObject([
      { delegate: OWN.delegate, slot: OWN.slot, outcome: 'undecided', why: 'blocks_unknown' },
    ]);
  });

  test('and what is remembered stays small however long it goes on', () => {
    const of = story();
    for (let at = LEVEL; at < LEVEL + 400; at += 1) {
      of.learn(at);
      of.block(proposal(at.toString(), at));
    }
    const { pages, seats, times, held } = of.state();
    expect(Math.max(pages.size, seats.size)).toBeLessThanOrEqual(64);
    expect(times.size).toBeLessThanOrEqual(256);
    expect(held).toEqual([]);
  });
});
