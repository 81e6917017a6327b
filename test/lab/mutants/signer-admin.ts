import type { Mutant } from './mutant.ts';
import { ofAdmin } from './signer-admin-parts.ts';

/** The actions of administration of the watermark, broken one line at a time. */
export const SIGNER_ADMIN_MUTANTS: readonly Mutant[] = [
  ...ofAdmin('init.ts', [
    [
      '\u00a74.6',
      'new rows burn all levels by a slip of the finger',
      'assertNear(floor, args, highestFloor(horizonOf(args.evidence), desk.now()));',
      'void [assertNear, highestFloor];',
    ],
    [10, 'init activates', 'return args.first_use ?', 'return args.kinds.length > 0 ?'],
    [
      10,
      'a key in use is taken for a new one',
      'if (args.first_use) assertUnused(',
      'if (!args.first_use) assertUnused(',
    ],
    [
      10,
      'a row is made beside an active one',
      'if (isActive) throw',
      'if (isActive && first_use) throw',
    ],
    [
      8,
      'the base of the horizon moves down',
      'assertHorizonRises(open.journal, chainId, horizonOf(args.evidence));',
      '',
    ],
    [9, 'evidence is not looked at', 'assertEvidence(args.evidence, chainId, desk.now());', ''],
    [
      8,
      'a store that was lost is set up anew',
      "const rows = await changeKey(open, subject, 'held_against_journal', before => {\n    const isActive",
      "const rows = await changeKey(open, subject, 'as_they_are', before => {\n    const isActive",
    ],
    [
      10,
      'the first use starts below the head',
      'if (first_use && floor.level < head)',
      'if (first_use && floor.level < 0)',
    ],
    [
      5,
      'the journal is not told of the right',
      'withJournal(() => open.journal.learn(rows.filter(({ kind }) => kinds.includes(kind))));',
      '',
    ],
    [
      8,
      'no horizon is set',
      'withJournal(() => open.journal.setHorizon(subject.chainId, horizonOf(args.evidence)));',
      '',
    ],
    [
      10,
      'nobody asserts the first use',
      '!first_use || name !== undefined',
      'true || name !== undefined',
    ],
  ]),
  ...ofAdmin('latches.ts', [
    [
      '\u00a74.6',
      'a release burns all levels by a slip of the finger',
      'assertNear(floor, args, Math.max(highest, least));',
      'void [assertNear, highest];',
    ],
    [
      8,
      'what a release has to reach is too far',
      'assertNear(floor, args, Math.max(highest, least));',
      'assertNear(floor, args, highest);',
    ],
    [
      '\u00a74.6',
      'a key is not stopped where that cannot be written down',
      '  isUrgent: true,\n',
      '',
    ],
    [
      8,
      'a release counts on from the store alone',
      'incarnation: desk.mint(), known };',
      'incarnation: desk.mint(), known: [] };',
    ],
    [
      8,
      'a lost row comes back under its incarnation',
      'generation: known.generation + 1 }',
      'generation: known.generation }',
    ],
    [
      8,
      'a lost row forgets which epochs were used',
      'Math.max(known.epoch, known.burntEpoch, known.handedEpoch ?? 0)',
      'Math.min(known.epoch, 0)',
    ],
    [
      8,
      'a lost row looks as if it was never used',
      "provision(undefined, key, holder, floor, 'doubtful')",
      "provision(undefined, key, holder, floor, 'new')",
    ],
    [
      8,
      'a signer doubts for ever',
      'desk.trustAgain(subject, kinds, kindsKnown(open.journal, subject));',
      'void [kinds, kindsKnown];',
    ],

    [
      8,
      'a release is not above the head and the horizon',
      'if (floor.level < least)',
      'if (floor.level < 0)',
    ],
    [
      8,
      'the line of before is forgotten',
      'const lines = [journal.horizon(subject.chainId), horizonOf(evidence)];',
      'const lines = [horizonOf(evidence)];',
    ],
    [
      8,
      'what the journal knows is forgotten',
      'Math.max(end, evidence.head.level + 1, ...known)',
      'Math.max(end, evidence.head.level + 1, ...known.slice(3))',
    ],
    [
      9,
      'anybody says where the head is',
      'assertEvidence(args.evidence, chainId, desk.now());',
      'void [assertEvidence, chainId];',
    ],
    [8, 'the journal is not told of a release', 'open.journal.learn(rows);', ''],
  ]),
  ...ofAdmin('adopt.ts', [
    [
      8,
      'an active row of a store that was put back is adopted',
      'if (!isShared)',
      'if (row.level < 0 && !isShared)',
    ],
    [
      8,
      'an active row is adopted without a look at the chain',
      'if (evidence === undefined)\n    throw new AdminError',
      'if (evidence === undefined) return;\n  if (evidence.asked < 0)\n    throw new AdminError',
    ],
    [
      8,
      'an active row that is far behind is adopted',
      'row.level + BEHIND_LEVELS_MAX < evidence.head.level',
      'row.level + BEHIND_LEVELS_MAX < 0',
    ],
    [
      8,
      'any adoption ends a doubt',
      'known === undefined || row.generation > known.generation',
      'known === undefined || row.generation >= known.generation',
    ],
    [
      8,
      'what was learned first in a doubt keeps it for ever',
      'known === undefined || row.generation > known.generation',
      'known !== undefined && row.generation > known.generation',
    ],

    [
      5,
      'the epoch is read from the store',
      "if (row.epoch !== epoch) throw new AdminError('other_epoch', row.kind);",
      '',
    ],
    [5, 'rows of another site are learnt', 'if (row.site !== site)', "if (row.site === '')"],
    [
      8,
      'a store that fell back is learnt anew',
      'if (refusal !== undefined && !isReleased)',
      'if (refusal !== undefined && isReleased)',
    ],
    [
      8,
      'a key is signed with without a horizon',
      "else if (journal.horizon(chainId) === undefined) throw new AdminError('no_horizon');",
      '',
    ],
  ]),
  ...ofAdmin('raise.ts', [
    [
      '\u00a74.6',
      'a raise burns all levels by a slip of the finger',
      'assertNear(floor, args, line && highestFloor(line, desk.now()));',
      'void [floor, assertNear, line, highestFloor];',
    ],
    [
      5,
      'rows that nobody told of are changed',
      'journal.known(row) === undefined);',
      'journal.known(row) !== undefined && row.seq < 0);',
    ],
  ]),
  ...ofAdmin('transfer.ts', [
    [
      10,
      'a signature is not verified',
      'if (problem !== undefined) throw new AdminError(problem.code',
      "if (problem?.code === 'unsigned') throw new AdminError(problem.code",
    ],
    [10, 'whoever signed is trusted', 'if (!isTrusted)', 'if (!isTrusted && signer === null)'],
    [
      10,
      'a trusted key speaks for every site',
      'site === metadata.site && publicKey === signer',
      "site !== '' && publicKey === signer",
    ],
    [
      10,
      'a file that nobody signed is taken',
      'if (!args.unsigned) throw',
      'if (args.unsigned) throw',
    ],
    [
      10,
      'rows that are active elsewhere are imported',
      "entry.mode === 'active' && entry.site !== site",
      "entry.mode === 'latched' && entry.site !== site",
    ],
    [
      10,
      'marks are imported into active rows',
      "if (before.some(({ mode }) => mode === 'active')) throw",
      "if (before.some(({ mode }) => mode === 'latched')) throw",
    ],
    [
      10,
      'an import looks like a key that was never used',
      "provision(row, key, holder, floor, 'known')",
      "provision(row, key, holder, floor, 'new')",
    ],
    [
      10,
      'an import into rows looks like a key that was never used',
      "raise(row, floor, 'imported')",
      "raise(row, floor, 'set')",
    ],
    [
      5,
      'an epoch of the file may come again',
      'Math.max(highest, Number(entry.epoch))',
      'Math.min(highest, Number(entry.epoch))',
    ],
  ]),
  ...ofAdmin('statement.ts', [
    [
      3,
      'a statement outlives its floor',
      'expires <= floor.level',
      'expires >= 0 && floor.level >= 0',
    ],
    [10, 'one operator is enough', 'const OPERATORS_MIN = 2;', 'const OPERATORS_MIN = 1;'],
    [
      10,
      'one key under two names is two operators',
      'Math.min(names.size, new Set(behind.map(each => each.publicKey)).size)',
      'names.size',
    ],
    [
      10,
      'one name with two keys is two operators',
      'Math.min(names.size, new Set(behind.map(each => each.publicKey)).size)',
      'new Set(behind.map(each => each.publicKey)).size',
    ],
    [
      10,
      'the signature of an operator is not verified',
      '!verify(each.signed_by, each.signature, bytes)',
      'bytes.length === 0 && !verify(each.signed_by, each.signature, bytes)',
    ],
    [
      10,
      'whoever signs is an operator',
      'keys.has(publicKey)',
      'keys.size > 1 || keys.has(publicKey)',
    ],
  ]),
  ...ofAdmin('activate.ts', [
    [
      '\u00a74.6',
      'a statement burns all levels by a slip of the finger',
      'Math.max(farthest, ...before.map(row => row.level))',
      'Math.max(farthest, Number.MAX_SAFE_INTEGER, ...before.map(row => row.level))',
    ],
    [
      10,
      'nobody has to sign',
      'const names = operatorsBehind(file, desk);',
      'const names: readonly string[] = [];',
    ],
    [10, 'a statement about others is used', 'assertOurs(desk, statement);', ''],
    [
      10,
      'a statement holds for ever',
      'if (args.evidence.head.level > statement.expires_level)',
      'if (args.evidence.head.level < 0)',
    ],
    [5, 'rows that nobody told of are activated', 'assertKnown(journal, before, kinds);', ''],
  ]),
];
