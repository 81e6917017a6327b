import type { Mutant } from './mutant.ts';
import { ofAdmin } from './signer-admin-parts.ts';

/** Statements of two operators and what they are used for, broken one line at a time. */
export const SIGNER_BREAK_GLASS_MUTANTS: readonly Mutant[] = [
  ...ofAdmin('statement.ts', [
    [
      10,
      'what is signed is not what is seen',
      '/^[\\p{L}\\p{M}\\p{N}\\p{P}\\p{S} ]*$/u',
      '/^\\P{Cc}*$/u',
    ],
    [
      3,
      'a statement outlives its floor',
      'expires <= each.floor.level',
      'expires >= 0 && each.floor.level >= 0',
    ],
    [
      3,
      'a statement outlives the lowest of its floors',
      'keys.every(each => expires',
      'keys.some(each => expires',
    ],
    [
      10,
      'a statement says two things of one key',
      'new Set(keys.map(each => each.public_key_hash)).size === keys.length',
      'new Set(keys.map(each => each.public_key_hash)).size <= keys.length',
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
      8,
      'a lease ends where no release can reach it',
      'if (end !== null) assertNear(',
      'if (end === 0) assertNear(',
    ],
    [
      '\u00a74.6',
      'the audit has beside each key what was said of the first',
      'stated: stated[at]',
      'stated: stated[at * 0]',
    ],
    [
      '\u00a74.6',
      'a statement burns all levels by a slip of the finger',
      'assertNear(positionOf(key.floor), args, highest, field);',
      'void [field, highest];',
    ],
    [
      '\u00a74.6',
      'what is lost of one kind is lost of those that are not stated',
      'before.filter(({ kind }) => kinds.includes(kind));\n        const highest',
      'before.filter(({ kind }) => kind.length > 0);\n        const highest',
    ],
    [
      '\u00a74.6',
      'what is lost of one kind that is stated is lost of all of them',
      'Math.min(...stated',
      'Math.max(...stated',
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
      'a statement about others beside a key of ours is used',
      'statement.keys.findIndex(each => !held',
      'statement.keys.slice(0, 1).findIndex(each => !held',
    ],
    [
      3,
      'the floor and the rows of one key stand for those of another',
      'authorityOf(statement, key)',
      'authorityOf(statement, statement.keys[0] ?? key)',
    ],
    [
      10,
      'a statement holds for ever',
      'if (args.evidence.head.level > statement.expires_level)',
      'if (args.evidence.head.level < 0)',
    ],
    [
      5,
      'a statement burns all epochs by a slip of the finger',
      'assertEpochNear(statement.epoch, args, stated);',
      'void assertEpochNear;',
    ],
    [5, 'rows that nobody told of are activated', 'assertKnown(journal, before, kinds);', ''],
  ]),
  {
    rule: 10,
    why: 'nobody is told for how long a statement can still be used',
    file: 'cli/lines.ts',
    find: '...(isOpen ? [open] : [])',
    replace: '...(isOpen ? [] : [open].slice(1))',
  },
];
