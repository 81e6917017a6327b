import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { level } from '@meridian/tezos';
import type { Call, Command, Outcome } from '../command.ts';
import { OperatorError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { answersOfNode, type NodeAnswers } from './from-node.ts';
import { readKeys } from './keys.ts';
import { readNodeBlock } from './node-block.ts';
import { replay, type ReplayInput } from './replay.ts';
import { isSound, linesOf, summaryOf } from './report.ts';
import { readRights } from './rights.ts';

/** `proof_of_work_threshold` of mainnet, and of every network that keeps it. */
const MAINNET_THRESHOLD = 2n ** 48n - 1n;
const OWN_SEED_LENGTH = 32;
const OWN_KEYS = ['tz1', 'tz2', 'tz3', 'tz4'] as const;

/** The command that casts the votes of recorded blocks once more. */
export const REPLAY_COMMANDS: readonly Command[] = [
  {
    usage: 'replay [BLOCK] [NEXT]',
    summary: 'check two consecutive blocks and forge every vote on the first again',
    options: [
      ['--node <URL>', 'take the blocks, rights and keys from this node, not from files'],
      ['--level <LEVEL>', 'with --node: the level of the first block'],
      ['--keys <FILE>', 'public keys of the voters; without them no signature is checked'],
      ['--rights <FILE>', "the answer of helpers/validators for the first block's level"],
      ['--next-rights <FILE>', 'the same for the level after it'],
      ['--predecessor <FILE>', 'the block before the first one: it says what votes branch from'],
      ['--threshold <NUMBER>', "the network's proof_of_work_threshold (default: mainnet's)"],
      ['--own-key <CURVE>', 'tz1, tz2, tz3 or tz4: the throw-away key that casts one vote'],
    ],
    examples: [
      'replay BLOCK.json NEXT.json --keys KEYS.json',
      'replay BLOCK.json NEXT.json --rights VALIDATORS.json --predecessor BEFORE.json --json',
      'replay --node http://localhost:8732 --level 12345678',
    ],
    run: replayCall,
  },
];

async function replayCall(call: Call): Promise<Outcome> {
  const own = { ownKey: ownKeyOf(call), seed: randomBytes(OWN_SEED_LENGTH) };
  const answers = call.options['node'] === undefined ? answersOfFiles(call) : askNode(call);
  const input = { ...(await answers), ...own };
  const found = await replay(input);
  const summary = summaryOf(input, found);
  return { status: isSound(summary) ? 0 : 1, lines: linesOf(summary, found), json: summary };
}

/** The options that name files, which a node's answers replace. */
const FILE_OPTIONS = ['keys', 'rights', 'nextRights', 'predecessor', 'threshold'] as const;

function askNode({ args, options }: Call): Promise<NodeAnswers> {
  const { node, level: levelText } = options;
  if (typeof levelText !== 'string' || !/^[0-9]{1,10}$/.test(levelText)) {
    throw new OperatorError('misused', '--node needs --level LEVEL, a whole number');
  }
  if (args.length > 0 || FILE_OPTIONS.some(name => options[name] !== undefined)) {
    throw new OperatorError(
      'misused',
      '--node takes blocks, rights and keys from the node: name no files',
    );
  }
  return answersOfNode(String(node), level(Number(levelText)));
}

async function answersOfFiles(call: Call): Promise<NodeAnswers> {
  const [blockPath, nextPath] = call.args;
  if (blockPath === undefined || nextPath === undefined || call.options['level'] !== undefined) {
    throw new OperatorError('misused', 'give BLOCK and NEXT, two files, or --node and --level');
  }
  const read = async <Value>(path: string, reader: (source: string, value: unknown) => Value) =>
    reader(path, parseJson(path, await textOfFile(path)));
  const given = async <Value>(
    option: string,
    reader: (source: string, value: unknown) => Value,
  ) => {
    const path = call.options[option];
    return typeof path === 'string' ? read(path, reader) : undefined;
  };
  const before = await given('predecessor', readNodeBlock);
  const block = await read(blockPath, readNodeBlock);
  if (before !== undefined && before.hash !== block.header.predecessor) {
    throw new OperatorError(
      'bad_input',
      `${before.source} is not the block before ${block.source}`,
    );
  }
  return {
    block,
    next: await read(nextPath, readNodeBlock),
    keys: (await given('keys', readKeys)) ?? new Map(),
    rights: await given('rights', readRights),
    nextRights: await given('nextRights', readRights),
    branch: before?.header.predecessor,
    proofOfWorkThreshold: thresholdOf(call),
  };
}

async function textOfFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new OperatorError('bad_input', `cannot read ${path}: ${words}`);
  }
}

function thresholdOf({ options }: Call): bigint {
  const text = options['threshold'];
  if (text === undefined) return MAINNET_THRESHOLD;
  if (typeof text === 'string' && /^[0-9]{1,20}$/.test(text)) return BigInt(text);
  throw new OperatorError('misused', '--threshold is a whole number');
}

function ownKeyOf({ options }: Call): ReplayInput['ownKey'] {
  const found = OWN_KEYS.find(each => each === (options['ownKey'] ?? 'tz1'));
  if (found !== undefined) return found;
  throw new OperatorError('misused', `--own-key is one of ${OWN_KEYS.join(', ')}`);
}
