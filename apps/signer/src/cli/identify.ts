import { existsSync } from 'node:fs';
import { SIGNER } from '@meridian/configuration';
import {
  DatabaseError,
  openDatabase,
  replaceIdentity,
  type Database,
  type Session,
} from '@meridian/database';
import { instant } from '@meridian/prelude';
import { readConfiguration } from '@meridian/service/schema';
import { latchAllRows, openJournal, StoreError, type Journal } from '@meridian/watermark-store';
import { openAudit } from '../audit.ts';
import { AuditError } from '../audit/errors.ts';
import type { AuditFields } from '../audit/line.ts';
import type { Configuration } from '../compose.ts';
import { tlsOf } from '../tls.ts';
import { urlIn } from './database.ts';
import {
  BY_FLAG,
  MisuseError,
  needed,
  textOfFile,
  wordOf,
  type Flag,
  type Options,
} from './options.ts';

/** How `database identify` is called. */
export const IDENTIFY_FLAGS: readonly Flag[] = [
  ['--config <FILE>', 'the configuration of the signer, which must not run'],
  ['--replace <OLD>', 'the server that held the database before, as the refusal names it'],
  ['--with <NEW>', 'the server that holds it now, as the refusal names it'],
  ['--url-file <FILE>', 'as for migrate; needed once for a database (default: database.urlFile)'],
  BY_FLAG,
];

const LIMIT = { deadlineMs: 10_000 };

/** An operator's word that one server took the place of another. */
type Replacement = { readonly from: string; readonly to: string; readonly by: string };

/**
 * Says which server a signer's database is on; where an operator says that it took the place of another one, database
 * and journal are told. What the database holds may be a copy of what others sign with still: every row of it is latched
 * in the transaction that names the server (rules 8, 10). What the journal knows of rows stays.
 * @throws MisuseError, DatabaseError, StoreError, AuditError
 */
export async function identified(
  options: Options,
): Promise<{ readonly lines: readonly string[]; readonly json: unknown }> {
  const replacement = replacementOf(options);
  const { shared, journalFile, audit } = placesOf(options);
  const urlFile = wordOf(options, 'urlFile') ?? shared.urlFile;
  const journal = heldJournal(journalFile);
  try {
    const text = journal.server();
    const known = text === undefined ? undefined : (JSON.parse(text) as Session);
    const open = (other: object): Database => opened(shared, urlFile, other);
    const told =
      replacement && (await replaced({ journal, open, known }, replacement, demanded(audit)));
    // As a signer does: whatever is not as it should be now keeps it from starting, too.
    const now = journal.server();
    const server = await using(
      open(now === undefined ? {} : { known: JSON.parse(now) as Session }),
      database => database.session(LIMIT),
    );
    const { cluster, system, timeline } = server;
    return {
      lines: [
        `cluster ${cluster ?? 'none'}`,
        `server ${system ?? 'not told'}, timeline ${timeline ?? 'none'}`,
        ...(told === undefined ? [] : replacedLines(told)),
      ],
      json: {
        ...{ cluster, system, timeline, replaced: replacement?.from },
        ...{ latched: told?.latched, audit: told?.audit, audit_set_aside: told?.auditSetAside },
      },
    };
  } finally {
    journal.close();
  }
}

function replacedLines({ latched, audit, auditSetAside }: Replaced): readonly string[] {
  return [
    `${latched.toString()} rows were latched by this command: release and activate come next`,
    ...(audit === undefined ? [] : ['the audit could not be told that it was done']),
    ...(auditSetAside === undefined ? [] : [`a damaged audit was set aside as ${auditSetAside}`]),
  ];
}

type Places = {
  readonly journal: Journal;
  readonly open: (other: object) => Database;
  readonly known: Session | undefined;
};

/** What became of a replacement: how many rows it latched, none where the database was told before. */
type Replaced = {
  readonly latched: number;
  readonly audit?: 'not_written';
  readonly auditSetAside: string | undefined;
};

/** Writes down what is asked before anything can refuse it, and then what became of it. @throws AuditError and others */
async function replaced(places: Places, word: Replacement, path: string): Promise<Replaced> {
  const audit = openAudit(path, () => instant(Date.now()));
  const write = (event: string, fields: AuditFields): void =>
    audit.record(`database.identify.${event}`, { ...word, ...fields });
  // What was done is told as done, and what was refused as refused, also where neither can be written down.
  const isWritten = (event: string, fields: AuditFields): boolean => {
    try {
      write(event, fields);
      return true;
    } catch (error) {
      if (error instanceof AuditError) return false;
      throw error;
    }
  };
  try {
    write('asked', {});
    const latched = await taken(places, word).catch((error: unknown) => {
      isWritten('refused', { code: codeOf(error) });
      throw error;
    });
    const outcome = { latched, auditSetAside: audit.setAside?.file };
    return isWritten('done', { latched }) ? outcome : { ...outcome, audit: 'not_written' };
  } finally {
    audit.close();
  }
}

function codeOf(error: unknown): string {
  return error instanceof DatabaseError || error instanceof StoreError ? error.code : 'mistake';
}

/** First the database, then the journal: what is cut off in between is done by the same command again. */
async function taken({ journal, open, known }: Places, word: Replacement): Promise<number> {
  const { from, to } = word;
  const replaces = { from, to };
  const before = await using(open({ replaces, ...(known && { known }) }), async database => {
    const session = await database.session(LIMIT);
    const rows = await replaceIdentity(database, replaces, latchAllRows);
    return { session, latched: rows?.length ?? 0 };
  });
  // Another connection may lead elsewhere: it is held against the one through which the server was taken.
  const admitted: Session = { ...before.session, recordedSystem: to };
  const session = await using(open({ known: admitted }), database => database.session(LIMIT));
  assertTaken(session, to);
  journal.setServer(JSON.stringify(session));
  return before.latched;
}

/** @throws DatabaseError `other_cluster` */
function assertTaken({ system, recordedSystem }: Session, to: string): void {
  if (system === to && recordedSystem === to) return;
  const said = `its server is ${system ?? 'not told'}, and its identity says ${recordedSystem ?? 'nothing'}`;
  throw new DatabaseError('other_cluster', `${said}, not ${to}`);
}

/** Nobody takes another server without a name that is written down. @throws MisuseError */
function demanded(audit: string | undefined): string {
  if (audit !== undefined) return audit;
  throw new MisuseError('audit is missing: it is written there who stands for another server');
}

async function using<Outcome>(
  database: Database,
  act: (database: Database) => Promise<Outcome>,
): Promise<Outcome> {
  try {
    return await act(database);
  } finally {
    await database.close();
  }
}

type Shared = NonNullable<Configuration['database']>;

function opened(
  { urlFile: _, ca, cert, key, timeline, cluster, ...options }: Shared,
  urlFile: string,
  other: object,
): Database {
  return openDatabase({
    ...options,
    url: urlIn(urlFile),
    applicationName: 'meridian-signer identify',
    ...(cluster === undefined ? {} : { cluster }),
    ...(timeline === undefined ? {} : { timeline }),
    ...tlsOf({ ca, cert, key }),
    ...other,
  });
}

/** @throws StoreError `busy` while a signer runs */
function heldJournal(file: string): Journal {
  if (!existsSync(file)) throw new MisuseError(`journal: ${file} is not there`);
  try {
    return openJournal(file);
  } catch (error) {
    if (error instanceof StoreError && error.code === 'busy')
      throw new StoreError('busy', `${file} is the journal of a signer that runs: stop it first`);
    throw error;
  }
}

function placesOf(options: Options): {
  readonly shared: Shared;
  readonly journalFile: string;
  readonly audit: string | undefined;
} {
  const config = needed(wordOf(options, 'config'), '--config');
  const text = textOfFile(config);
  const read = readConfiguration({ app: 'signer', schema: SIGNER, text, env: process.env });
  if (!read.ok) throw new MisuseError(`${config}: ${read.error.join('; ')}`);
  const { database: shared, journal: journalFile, audit } = read.value;
  if (shared === undefined) throw new MisuseError(`${config}: database is missing`);
  return { shared, journalFile, audit };
}

/** @throws MisuseError */
function replacementOf(options: Options): Replacement | undefined {
  const [from, to] = [wordOf(options, 'replace'), wordOf(options, 'with')];
  if (from === undefined && to === undefined) return undefined;
  const word = {
    from: needed(from, '--replace'),
    to: needed(to, '--with'),
    by: needed(wordOf(options, 'by'), '--by'),
  };
  for (const [flag, value] of [
    ['--replace', word.from],
    ['--with', word.to],
  ] as const)
    if (!/^\d{1,20}$/.test(value))
      throw new MisuseError(`${flag}: the digits that name a server are expected`);
  if (word.from === word.to)
    throw new MisuseError('--with: another server than that of --replace is expected');
  return word;
}
