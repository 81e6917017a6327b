import { writeFileSync } from 'node:fs';
import { askNodes, SLACK_LEVELS } from '../admin/ask-nodes.ts';
import type { Outcome } from '../admin/action.ts';
import { foreignFloors, FOREIGN_FLAGS } from './foreign-files.ts';
import { activationLines, outcomeLines, showLines } from './lines.ts';
import {
  BY_FLAG,
  CHOICE_FLAGS,
  choiceOf,
  defined,
  FAR_FLAG,
  farOf,
  FLOOR_FLAGS,
  floorOf,
  KIND_FLAG,
  MisuseError,
  needed,
  NODE_FLAGS,
  numberOf,
  SUBJECT_FLAGS,
  subjectOf,
  textOfFile,
  wordOf,
  wordsOf,
  type Flag,
  type Options,
} from './options.ts';

/** What a command is called with. */
export type Call = {
  readonly args: readonly string[];
  readonly options: Options;
  readonly note: (line: string) => void;
  /** What the signer shows of the keys that the options name, or of all. */
  readonly shown: () => Promise<Outcome>;
};

/** How an action is asked for on a command line, beside what the table of actions says of it. */
export type Command = {
  /** The name of the action. */
  readonly action: string;
  /** The arguments after the name, as commander writes them. */
  readonly usage: string;
  readonly flags: readonly Flag[];
  readonly examples: readonly string[];
  /** What the action is given. @throws MisuseError, AdminError */
  readonly prepare: (call: Call) => Promise<object>;
  /** What people are shown; what is written to files is written here. */
  readonly lines: (outcome: Outcome, call: Call) => readonly string[];
};

/** The commands of `meridian-signer watermark` that ask a running signer, in the order in which help lists them. */
export const COMMANDS: readonly Command[] = [
  {
    action: 'init',
    usage: '',
    flags: [
      ...[...CHOICE_FLAGS, KIND_FLAG, ...NODE_FLAGS, ...FLOOR_FLAGS, FAR_FLAG],
      ['--first-use', 'take the right to sign, for a key that was not used for two cycles'],
      BY_FLAG,
    ],
    examples: [
      'init --key tz1... --node http://10.0.0.1:8732 --node http://10.1.0.1:8732 --first-use --by ann',
    ],
    prepare: async call => {
      const isFirst = call.options['firstUse'] === true;
      const isChoice = isFirst || call.options['all'] === true;
      return defined({
        ...(isChoice ? choiceOf : subjectOf)(call.options),
        kinds: wordsOf(call.options, 'kind'),
        floor: floorOf(call.options),
        ...farOf(call.options),
        by: isFirst ? needed(wordOf(call.options, 'by'), '--by') : wordOf(call.options, 'by'),
        first_use: isFirst,
        evidence: await evidenceOf(call, isFirst ? await keysOf(call) : []),
      });
    },
    lines: outcomeLines,
  },
  {
    action: 'show',
    usage: '',
    flags: SUBJECT_FLAGS,
    examples: ['show', 'show --key tz1... --json'],
    prepare: ({ options }) => Promise.resolve(subjectOf(options)),
    lines: showLines,
  },
  {
    action: 'raise',
    usage: '',
    flags: [...CHOICE_FLAGS, KIND_FLAG, ...FLOOR_FLAGS, FAR_FLAG],
    examples: ['raise --key tz1... --level 5941100'],
    prepare: async ({ options }) => {
      const floor = needed(floorOf(options), '--level');
      const kinds = wordsOf(options, 'kind');
      return Promise.resolve(defined({ ...choiceOf(options), kinds, floor, ...farOf(options) }));
    },
    lines: outcomeLines,
  },
  {
    action: 'export',
    usage: '[FILE]',
    flags: SUBJECT_FLAGS,
    examples: ['export', 'export marks.json'],
    prepare: ({ options }) => Promise.resolve(subjectOf(options)),
    lines: writeExport,
  },
  {
    action: 'import',
    usage: '[FILE]',
    flags: [
      ...SUBJECT_FLAGS,
      ['--from <PUBLICKEY>', 'whose signature is taken (default: the trusted key of its site)'],
      ...FOREIGN_FLAGS,
      ['--unsigned', 'take a file that nobody signed; with --by'],
      ...[BY_FLAG, FAR_FLAG],
    ],
    examples: ['import marks.json', 'import --octez ~/.tezos-signer --unsigned --by ann'],
    prepare: async ({ args: [path], options }) => {
      const floors = foreignFloors(options);
      if ((path === undefined) === (floors === undefined))
        throw new MisuseError('one source of marks is expected: FILE, or one of --octez …');
      const isUnsigned = options['unsigned'] === true;
      return Promise.resolve(
        defined({
          ...subjectOf(options),
          file: path === undefined ? undefined : textOfFile(path),
          floors,
          ...farOf(options),
          from: wordOf(options, 'from'),
          unsigned: isUnsigned,
          by: isUnsigned ? needed(wordOf(options, 'by'), '--by') : wordOf(options, 'by'),
        }),
      );
    },
    lines: outcomeLines,
  },
  {
    action: 'adopt',
    usage: '',
    flags: [
      ...[...CHOICE_FLAGS, KIND_FLAG],
      ['--epoch <NUMBER>', 'the epoch of the rows, as you know it'],
      ...NODE_FLAGS,
    ],
    examples: ['adopt --all --epoch 3 --node http://10.0.0.1:8732'],
    prepare: async call => {
      const { options } = call;
      const hasNodes = wordsOf(options, 'node') !== undefined;
      return defined({
        ...choiceOf(options),
        kinds: wordsOf(options, 'kind'),
        epoch: needed(numberOf(options, 'epoch'), '--epoch'),
        evidence: hasNodes ? await evidenceOf(call, []) : undefined,
      });
    },
    lines: outcomeLines,
  },
  {
    action: 'latch',
    usage: '',
    flags: [...CHOICE_FLAGS, BY_FLAG],
    examples: ['latch --all --by ann', 'latch --key tz1... --by ann'],
    prepare: ({ options }) =>
      Promise.resolve(defined({ ...choiceOf(options), by: wordOf(options, 'by') })),
    lines: outcomeLines,
  },
  {
    action: 'release',
    usage: '',
    flags: [...CHOICE_FLAGS, ...FLOOR_FLAGS, FAR_FLAG, ...NODE_FLAGS, BY_FLAG],
    examples: ['release --key tz1... --level 5941120 --node http://10.0.0.1:8732'],
    prepare: async call =>
      defined({
        ...choiceOf(call.options),
        floor: needed(floorOf(call.options), '--level'),
        ...farOf(call.options),
        by: wordOf(call.options, 'by'),
        evidence: await evidenceOf(call, []),
      }),
    lines: outcomeLines,
  },
  {
    action: 'activate',
    usage: '',
    flags: [
      ['--statement <FILE>', 'the statement with the signatures of two operators'],
      FAR_FLAG,
      ...NODE_FLAGS,
    ],
    examples: ['activate --statement statement.json --node http://10.0.0.1:8732'],
    prepare: async call => ({
      statement: textOfFile(needed(wordOf(call.options, 'statement'), '--statement')),
      ...farOf(call.options),
      evidence: await evidenceOf(call, []),
    }),
    lines: activationLines,
  },
];

async function keysOf({ shown }: Call): Promise<readonly string[]> {
  return (await shown()).keys.map(({ public_key_hash: pkh }) => pkh);
}

async function evidenceOf({ options, note }: Call, unused: readonly string[]): Promise<object> {
  const urls = needed(wordsOf(options, 'node'), '--node');
  const wrong = urls.find(url => !/^https?:\/\//.test(url) || !URL.canParse(url));
  if (wrong !== undefined) throw new MisuseError('--node: an http or https address is expected');
  if (new Set(urls).size < urls.length) throw new MisuseError('--node: one node is named twice');
  const quorum = numberOf(options, 'quorum');
  if (quorum !== undefined && (quorum * 2 <= urls.length || quorum > urls.length))
    throw new MisuseError('--quorum: more than half of the nodes, and no more than there are');
  const slackLevels = numberOf(options, 'slack') ?? SLACK_LEVELS;
  return askNodes({ urls, quorum, slackLevels, unused, progress: note });
}

function writeExport(outcome: Outcome, { args: [path] }: Call): readonly string[] {
  return writeNew(path, outcome['file']);
}

/** JSON in a new file where one is named, never over another one; otherwise as it is printed. */
export function writeNew(path: string | undefined, json: unknown): readonly string[] {
  const text = JSON.stringify(json, null, 2);
  if (path === undefined) return [text];
  try {
    writeFileSync(path, `${text}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw new MisuseError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return [`written to ${path}`];
}
