import { asksForEncryption, errorResponse, messagesOf, query } from './postgres-messages.ts';
import { stringsOf, type Message } from './postgres-messages.ts';
import type { Ends, Wire } from './wire.ts';

/** What a statement gets in the place of its answer. */
export type StatementFault =
  | {
      /** An error that the server could have given; five letters or digits. */
      readonly sqlstate: string;
      /** `before`: the statement is not executed. `after`: it is, and its good answer is replaced. */
      readonly when: 'before' | 'after';
      /** Whether the server closes the connection with it, as with 57P01. */
      readonly fatal?: boolean;
    }
  /** Not executed (`before`), or executed and answered in whole (`after`); then the connection is cut. */
  | { readonly cut: 'before' | 'after' };

/** What is to come from the server, up to ReadyForQuery, for what a client sent up to Sync or in a simple query. */
type Answer = {
  /** Says of a message whether it goes to the client. */
  readonly passes: (message: Message) => boolean;
  /** In the place of ReadyForQuery. */
  readonly end: (ready: Message) => void;
};

const TEXT = 'a fault of the test';
/** Notices, settings and notifications, which may come at any time. */
const ANY_TIME = new Set(['N', 'S', 'A']);
/** What a client collects for a Sync: Parse, Bind, Describe, Execute, Close. */
const COLLECTED = new Set(['P', 'B', 'D', 'E', 'C']);

/**
 * PostgreSQL's protocol, with faults for statements by their text. It takes no encryption. What a client sends up to
 * one Sync is struck as one; what it wants answered before a Sync (Flush, as cursors do) is not struck.
 * @param strikes the fault of the next statement, if any
 */
export function postgresWire(
  ends: Ends,
  strikes: (sql: string) => StatementFault | undefined,
): Wire {
  const [fromClient, fromServer] = [messagesOf('client'), messagesOf('server')];
  const statements = new Map<string, string>();
  const answers: Answer[] = [passing(ends)];
  let collected: Message[] = [];
  let flushed = false;

  const send = (messages: readonly Message[]): void =>
    messages.forEach(({ bytes }) => ends.toServer(bytes));
  const complete = (unit: readonly Message[]): void => {
    const fault = flushed ? undefined : textsOf(unit, statements).map(strikes).find(Boolean);
    flushed = false;
    if (fault === undefined) {
      answers.push(passing(ends));
      send(unit);
    } else strike(fault, unit, ends, answers);
  };
  const take = (message: Message): void => {
    const { type } = message;
    if (asksForEncryption(message)) {
      ends.toClient(Buffer.from('N'));
      return;
    }
    if (COLLECTED.has(type)) return void collected.push(message);
    const unit = [...collected, message];
    collected = [];
    if (type === 'Q' || type === 'S') {
      complete(unit);
      return;
    }
    flushed ||= type === 'H';
    if (type === 'F') answers.push(passing(ends));
    send(unit);
  };
  return {
    fromClient: bytes => fromClient(bytes).forEach(take),
    fromServer: bytes => fromServer(bytes).forEach(message => give(message, answers, ends)),
  };
}

/** Hands a message of the server to the answer that it belongs to: they come in the order of the questions. */
function give(message: Message, answers: Answer[], ends: Ends): void {
  const [answer] = answers;
  if (answer === undefined || ANY_TIME.has(message.type)) {
    ends.toClient(message.bytes);
    return;
  }
  if (message.type !== 'Z') {
    if (answer.passes(message)) ends.toClient(message.bytes);
    return;
  }
  answers.shift();
  answer.end(message);
}

/** The texts of statements that are parsed or, having been parsed before, bound. */
function textsOf(unit: readonly Message[], statements: Map<string, string>): readonly string[] {
  const texts = new Set<string>();
  for (const one of unit) {
    const [first = '', second = ''] = stringsOf(one, 2);
    if (one.type === 'Q') texts.add(first);
    if (one.type === 'P') {
      statements.set(first, second);
      texts.add(second);
    }
    if (one.type === 'B') texts.add(statements.get(second) ?? '');
  }
  return [...texts];
}

const passing = (ends: Ends): Answer => ({
  passes: () => true,
  end: ready => ends.toClient(ready.bytes),
});

function strike(
  fault: StatementFault,
  unit: readonly Message[],
  ends: Ends,
  answers: Answer[],
): void {
  const when = 'cut' in fault ? fault.cut : fault.when;
  if (when === 'after') {
    answers.push(replaced(fault, ends));
    for (const { bytes } of unit) ends.toServer(bytes);
  } else if ('cut' in fault) ends.cut();
  else refuse(fault.sqlstate, fault.fatal === true, unit, ends, answers);
}

/** A good answer is replaced. One that is an error stays: nothing was done that could be hidden. */
function replaced(fault: StatementFault, ends: Ends): Answer {
  let failed = false;
  return {
    passes: ({ type }) => {
      failed ||= type === 'E';
      return type === 'E' || type === '1';
    },
    end: ready => {
      if (failed) {
        ends.toClient(ready.bytes);
        return;
      }
      if ('cut' in fault) {
        ends.cut();
        return;
      }
      const fatal = fault.fatal === true;
      ends.toClient(errorResponse(fatal ? 'FATAL' : 'ERROR', fault.sqlstate, TEXT));
      if (fatal) ends.finish();
      else ends.toClient(ready.bytes);
    },
  };
}

/**
 * The server itself is made to raise the error, so that its transaction is as broken as the client is told. A commit
 * that fails has ended its transaction.
 */
function refuse(
  sqlstate: string,
  fatal: boolean,
  unit: readonly Message[],
  ends: Ends,
  answers: Answer[],
): void {
  const commits = unit.some(one =>
    stringsOf(one, 2).some(text => /^\s*(commit|end)\b/i.test(text)),
  );
  answers.push({
    passes: message => {
      if (message.type !== 'E') return false;
      if (!fatal) return true;
      ends.toClient(errorResponse('FATAL', sqlstate, TEXT));
      ends.finish();
      return false;
    },
    end: ready => ends.toClient(ready.bytes),
  });
  const raise = `do $$ begin raise '${TEXT}' using errcode = '${sqlstate}'; end $$`;
  ends.toServer(query(commits ? `rollback; ${raise}` : raise));
}
