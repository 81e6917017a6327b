import { fromBase58, fromHex, round } from '@meridian/tezos';
import type { BlockHash, OperationHash } from '@meridian/tezos';
import { hashBlock, hashOperation, hashOperationListList, hashPayload } from '@meridian/tezos/hash';
import { publicKeyHash } from '@meridian/tezos/crypto';
import type { Call, Command, Outcome } from '../command.ts';
import { OperatorError } from '../errors.ts';
import { complaint, elements, parseJson, textOf, type Located } from '../json.ts';
import { codecIds, codecOf } from './encodings.ts';
import { inspect } from './inspect.ts';

const VOTE = '025-PsUshuai.operation.unsigned';

/** The commands that turn values into bytes, bytes into values, and both into hashes. */
export const CODEC_COMMANDS: readonly Command[] = [
  {
    usage: 'codec list',
    summary: 'name every encoding',
    examples: ['codec list'],
    run: () => Promise.resolve({ status: 0, lines: codecIds(), json: { ids: codecIds() } }),
  },
  {
    usage: 'codec encode <ID>',
    summary: 'read JSON from standard input, print its bytes in hexadecimal',
    examples: [`codec encode ${VOTE} < vote.json`],
    run: encodeInput,
  },
  {
    usage: 'codec decode <ID> <HEX>',
    summary: 'print the JSON behind bytes in hexadecimal',
    examples: ['codec decode 025-PsUshuai.fitness 0000000101000000010000000100000002'],
    run: decodeHex,
  },
  {
    usage: 'codec inspect <HEX>',
    summary: 'say what a signer would be asked to sign, or why it would refuse',
    options: [['--key <PKH>', 'the key that would sign']],
    examples: ['codec inspect 13... --key tz1KqTpEZ7Yob7QbPE4Hy4Wo8fHG8LhKxZSx'],
    run: inspectHex,
  },
  {
    usage: 'codec hash operation <HEX>',
    summary: 'print the hash of a signed operation',
    examples: ['codec hash operation <HEX>'],
    run: ({ args: [hex] }) => Promise.resolve(hashed(hashOperation(fromHex(hex ?? '')))),
  },
  {
    usage: 'codec hash block <HEX>',
    summary: 'print the hash of a signed block header',
    examples: ['codec hash block <HEX>'],
    run: ({ args: [hex] }) => Promise.resolve(hashed(hashBlock(fromHex(hex ?? '')))),
  },
  {
    usage: 'codec hash payload [OPERATION_HASHES...]',
    summary: 'print the payload hash of a block from the operations of its passes 1 to 3',
    options: [
      ['--predecessor <BLOCK_HASH>', 'the block before'],
      ['--round <ROUND>', 'the payload round'],
    ],
    examples: ['codec hash payload --predecessor <BLOCK_HASH> --round 0 <OPERATION_HASH>...'],
    run: call => Promise.resolve(payload(call)),
  },
  {
    usage: 'codec hash operations-list-list',
    summary: 'read a list of lists of operation hashes from standard input, print operations_hash',
    examples: ['codec hash operations-list-list <<< "[[], [], [], []]"'],
    run: listOfLists,
  },
];

async function encodeInput({ args: [id = ''], terminal }: Call): Promise<Outcome> {
  const codec = codecOf(id);
  const hex = await codec.toHex(parseJson('standard input', await terminal.readInput()));
  return { status: 0, lines: [hex], json: { id, hex } };
}

async function decodeHex({ args: [id = '', hex = ''] }: Call): Promise<Outcome> {
  const json = await codecOf(id).toJson(hex);
  return { status: 0, lines: [JSON.stringify(json, null, 2)], json };
}

function inspectHex({ args: [hex = ''], options }: Call): Promise<Outcome> {
  const key = options['key'] === undefined ? undefined : publicKeyHash(options['key']);
  const inspection = inspect(hex, key);
  if (!inspection.accepted) {
    const { code, reason } = inspection;
    const lines = [`refused  ${reason}`];
    return Promise.resolve({ status: 1, lines, json: { accepted: false, code, reason } });
  }
  const facts = { ...inspection.subject, digest: inspection.digest };
  const lines = Object.entries(facts).map(([name, value]) => `${name.padEnd(14)} ${String(value)}`);
  return Promise.resolve({ status: 0, lines, json: { accepted: true, ...facts } });
}

function payload({ args, options }: Call): Outcome {
  const { predecessor, round: roundText } = options;
  if (typeof predecessor !== 'string' || typeof roundText !== 'string') {
    throw new OperatorError('misused', '--predecessor and --round are both needed');
  }
  const hashes = args.map((value, at) =>
    operationHash({ value, source: 'the command line', path: ['OPERATION_HASHES', at] }),
  );
  fromBase58('blockHash', predecessor);
  return hashed(hashPayload(predecessor as BlockHash, round(Number(roundText)), hashes));
}

async function listOfLists({ terminal }: Call): Promise<Outcome> {
  const source = 'standard input';
  const value = parseJson(source, await terminal.readInput());
  const passes = elements({ value, source, path: [] }).map(pass =>
    elements(pass).map(operationHash),
  );
  return hashed(hashOperationListList(passes));
}

function operationHash(at: Located): OperationHash {
  const text = textOf(at);
  try {
    fromBase58('operationHash', text);
  } catch {
    throw complaint(at, 'is not an operation hash');
  }
  return text as OperationHash;
}

function hashed(hash: string): Outcome {
  return { status: 0, lines: [hash], json: { hash } };
}
