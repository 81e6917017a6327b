import { KeystoreError } from '@meridian/keystore';
import { KINDS } from '@meridian/watermark';
import type { KeyOutcome, RowJson } from '../admin/action.ts';
import { AdminError } from '../admin/errors.ts';
import { identityOf } from '../admin/identity.ts';
import { readStatement, signStatement, type StatementFile } from '../admin/statement.ts';
import { writeNew, type Call } from './commands.ts';
import {
  CHOICE_FLAGS,
  choiceOf,
  FLOOR_FLAGS,
  KIND_FLAG,
  MisuseError,
  needed,
  numberOf,
  textOfFile,
  wordOf,
  wordsOf,
  type Flag,
} from './options.ts';

/** A command that changes nothing at the signer. */
export type Paper = {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly details: readonly string[];
  readonly flags: readonly Flag[];
  readonly examples: readonly string[];
  /** Whether it asks the signer for what it shows. */
  readonly asks: boolean;
  /** What is said, also as JSON. @throws MisuseError, AdminError */
  readonly run: (
    call: Call,
  ) => Promise<{ readonly lines: readonly string[]; readonly json: unknown }>;
};

/** What comes before `activate`: a statement, and the signatures of two operators, each at a desk of their own. */
export const PAPERS: readonly Paper[] = [
  {
    name: 'statement',
    usage: '[FILE]',
    summary: 'write the statement that two operators sign to break the glass, for one key or many',
    details: ['It names the rows as the signer shows them now; it changes nothing.'],
    flags: [
      ...CHOICE_FLAGS,
      KIND_FLAG,
      ['--epoch <NUMBER>', 'the epoch that the site gets: later than any that was used'],
      ...FLOOR_FLAGS,
      ['--max-level <LEVEL>', 'the first level that may not be signed (default: none)'],
      ['--expires <LEVEL>', 'the last head under which the statement may be used'],
      ['--reason <TEXT>', 'why'],
    ],
    examples: [
      'statement --key tz1... --epoch 4 --level 5941100 --expires 5941100 --reason outage',
    ],
    asks: true,
    run: async call => {
      const file = await statementFile(call);
      return { lines: writeNew(call.args[0], file), json: file };
    },
  },
  {
    name: 'sign-statement',
    usage: '<FILE> [SIGNED]',
    summary: 'read a statement and sign it, without any signer or network',
    details: ['Read it before you sign it: you stand for it. What is signed is printed.'],
    flags: [
      ['--key <SECRETFILE>', 'the file of your tz1 secret key, readable by you alone'],
      ['--password <FILE>', 'the file of its password, if it is encrypted'],
    ],
    examples: ['sign-statement statement.json signed.json --key ann.secret'],
    asks: false,
    run: async ({ args: [path = '', to], options, note }) => {
      const file = readStatement(textOfFile(path));
      const secret = needed(wordOf(options, 'key'), '--key');
      const signed = await signedBy(file, secret, wordOf(options, 'password'));
      const { keys, ...rest } = file.statement;
      for (const [name, value] of Object.entries(rest)) note(`${name}: ${JSON.stringify(value)}`);
      const last = rest.expires_level.toString();
      note(`good until the head is above level ${last}, also once more for keys that were refused`);
      // Each by itself: a long line would be cut.
      for (const [at, key] of keys.entries())
        note(`keys[${at.toString()}]: ${JSON.stringify(key)}`);
      return { lines: writeNew(to, signed), json: signed };
    },
  },
];

async function signedBy(
  file: StatementFile,
  secret: string,
  password: string | undefined,
): Promise<StatementFile> {
  try {
    return await signStatement(file, identityOf(secret, password));
  } catch (error) {
    if (error instanceof KeystoreError) throw new MisuseError(error.message);
    throw error;
  }
}

async function statementFile({ options, shown }: Call): Promise<StatementFile> {
  choiceOf(options);
  const kinds = wordsOf(options, 'kind') ?? KINDS;
  const floor = {
    level: needed(numberOf(options, 'level'), '--level'),
    round: numberOf(options, 'round') ?? 0,
  };
  const given = {
    epoch: needed(numberOf(options, 'epoch'), '--epoch'),
    max_level: numberOf(options, 'maxLevel') ?? null,
    reason: needed(wordOf(options, 'reason'), '--reason'),
    expires_level: needed(numberOf(options, 'expires'), '--expires'),
  };
  const outcome = await shown();
  const keys = outcome.keys.map(key => {
    const { incarnation, generation } = incarnationOf(key, kinds);
    return { public_key_hash: key.public_key_hash, kinds, incarnation, generation, floor };
  });
  const statement = {
    ...{ format: 'meridian-break-glass', version: 2 },
    ...{ chain_id: outcome['chain_id'], site: outcome['site'], keys, ...given },
  };
  return readStatement(JSON.stringify({ statement, signatures: [] }));
}

/** The one incarnation of rows that are all there. @throws AdminError, MisuseError */
function incarnationOf(
  { public_key_hash: pkh, rows = [] }: KeyOutcome,
  kinds: readonly string[],
): RowJson {
  const asked = rows.filter(({ kind }) => kinds.includes(kind));
  const [first] = asked;
  const missing = kinds.filter(kind => !rows.some(row => row.kind === kind));
  if (first === undefined || missing.length > 0)
    throw new AdminError(
      'not_provisioned',
      `${missing.join(', ')} of ${pkh}; init --kind makes it`,
    );
  const isOne = asked.every(
    row => row.incarnation === first.incarnation && row.generation === first.generation,
  );
  if (!isOne)
    throw new MisuseError(`--kind: rows of ${pkh} have different incarnations; one at a time`);
  return first;
}
