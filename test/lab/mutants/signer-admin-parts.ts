import type { Mutant } from './mutant.ts';

type Line = readonly [rule: Mutant['rule'], why: string, find: string, replace: string];

/** Mutants of one file of administration. */
export const ofAdmin = (file: string, lines: readonly Line[]): readonly Mutant[] =>
  lines.map(([rule, why, find, replace]) => ({ rule, why, file: `admin/${file}`, find, replace }));

/** What the actions of administration stand on, broken one line at a time. */
export const SIGNER_ADMIN_PARTS_MUTANTS: readonly Mutant[] = [
  ...ofAdmin('far.ts', [
    [
      '\u00a74.6',
      'a floor is far only after weeks',
      'horizonEnd(line, now) + Math.floor(DAY_MS / line.minimalBlockDelay)',
      'horizonEnd(line, now) + Math.floor((30 * DAY_MS) / line.minimalBlockDelay)',
    ],
    [
      '\u00a74.6',
      'where no line is known no floor is far',
      'highest !== undefined && level <= highest',
      'highest === undefined || level <= highest',
    ],
    [
      5,
      'epochs that were burnt or handed over do not count as used',
      'Math.max(row.epoch, row.burntEpoch, row.handedEpoch ?? 0)',
      'Math.max(row.epoch, 0)',
    ],
    [
      5,
      'an epoch is far only after thousands',
      'if (far || epoch <= highest + EPOCHS_AHEAD_MAX) return;',
      'if (far || epoch <= highest + 2 * EPOCHS_AHEAD_MAX) return;',
    ],
  ]),
  ...ofAdmin('evidence.ts', [
    [
      9,
      'the word of nodes that are behind is taken',
      'if (Date.parse(head.timestamp) < now - oldestMs)',
      'if (Date.parse(head.timestamp) < 0 - oldestMs)',
    ],
    [
      10,
      'one node tells that a key was never used',
      'if (asked < FIRST_USE_NODES_MIN)',
      'if (asked < FIRST_USE_NODES_MIN - 1)',
    ],
    [9, 'half of the nodes are a quorum', 'quorum * 2 <= asked', 'quorum * 2 < asked'],
    [
      9,
      'one node counts twice',
      'if (new Set(evidence.nodes).size < quorum)',
      'if (evidence.nodes.length < quorum)',
    ],
    [
      9,
      'one node looks twice',
      'if (new Set(use.nodes).size < quorum)',
      'if (use.nodes.length < quorum)',
    ],
    [
      10,
      'what was found is ignored',
      'if (use.found.length > 0) throw',
      'if (use.found.length > 9) throw',
    ],
    [10, 'one cycle is enough', 'Math.max(1, head.level - cycle)', 'Math.max(1, head.level)'],
    [10, 'the last block is left out', '|| use.to < head.level', ''],
    [
      9,
      'nodes of another chain agree',
      'if (evidence.chain_id !== chainId)',
      "if (evidence.chain_id === '')",
    ],
    [6, 'a head of the future is the base', '> now + AHEAD_MAX_MS)', '> now + 1e15)'],
    [
      8,
      'a lower base is taken',
      'next.baseLevel < before.baseLevel',
      'next.baseLevel < before.baseLevel - 1_000',
    ],
  ]),
  ...ofAdmin('arguments.ts', [
    [
      '\u00a74.6',
      'a change in which no key is named is about all of them',
      '(keys === undefined) !== (all === undefined)',
      'keys === undefined || all === undefined',
    ],
    [
      5,
      'a slip of the finger burns all epochs',
      'export const epoch = z\n  .int()\n  .min(0)\n  .max(2 ** 31 - 1);',
      'export const epoch = z.int().min(0);',
    ],
  ]),
  ...ofAdmin('desk.ts', [
    [
      5,
      'whose a row is, is learnt from a change that was none',
      'return before?.epoch === row.epoch && before.generation === row.generation;',
      'return before !== undefined;',
    ],
    [
      8,
      'a row that fell back is changed',
      "if (trust === 'held_against_journal') assertTrusted(",
      "if (trust === 'as_they_are') assertTrusted(",
    ],
    [8, 'a refusal changes all the same', 'if (refusal !== undefined) throw refusal;', ''],
  ]),
  ...ofAdmin('ask-nodes.ts', [
    [
      10,
      'a node that did not look at all bears witness',
      'isWhole === true && signs?.length === 0',
      'isWhole !== undefined && signs?.length === 0',
    ],
  ]),
  ...ofAdmin('look-for-use.ts', [
    [
      10,
      'a receipt that names nobody makes every key unused',
      "if (!isTold) throw new UnusableAnswer('a vote does not say whose it is');",
      'void isTold;',
    ],
    [10, 'votes are not looked at', 'votersOf(content).map(', '[].map('],
    [
      10,
      'what one key is known of ends the search for the others in its blocks',
      'if (!concerned.some(isOpen)) return;',
      'if (!concerned.every(isOpen)) return;',
    ],
    [
      10,
      'a block that a node has thrown away was looked at',
      'search.isWhole = false;',
      'void search;',
    ],
    [10, 'only who made a block is seen', 'const [votes] = listsOf', 'const [, votes] = listsOf'],
    [
      10,
      'votes in aggregates are not seen',
      "committee.map(member => member['consensus_pkh'])",
      "committee.map(member => member['consensus_key'])",
    ],
  ]),
  ...ofAdmin('actions.ts', [
    [
      '\u00a74.6',
      'what was done is told as not done',
      ": { ...outcome, audit: 'not_written' };",
      ': outcome;',
    ],
    [
      '\u00a74.6',
      'a refusal hides behind the audit',
      "isWritten('refused', { fields: { code } });",
      "write('refused', { fields: { code } });",
    ],
    [
      '§4.6',
      'nothing is written down',
      'if (action.isAudited) audited(',
      'if (!action.isAudited) audited(',
    ],
  ]),
  ...ofAdmin('server.ts', [
    [
      '§4.3',
      'everybody may open the socket',
      'const SOCKET_MODE = 0o600;',
      'const SOCKET_MODE = 0o666;',
    ],
    [
      '§4.6',
      'whatever stands at the place of the socket is deleted',
      'if (!found.isSocket()) throw',
      'if (found.isBlockDevice()) throw',
    ],
    [
      '§4.6',
      'a socket that is listened on is deleted',
      'if (await isListening(path)) throw',
      'if ((await isListening(path)) && found.size > 0) throw',
    ],
  ]),
];
