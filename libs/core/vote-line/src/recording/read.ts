import type { ViewOptions } from '@meridian/chain-view';
import { err, ok, type Result } from '@meridian/prelude';
import type { Marks } from '@meridian/tenderbake';
import { PROTOCOLS, type ChainId, type Protocol, type PublicKeyHash } from '@meridian/tezos';
import type { LineEvent } from '../line.ts';
import { RECORDING_VERSION, type Cast, type RecordedOptions } from './write.ts';

/** The fields of something that was read. */
export type Fields = Readonly<Record<string, unknown>>;

/** The object of a line, or words about why it is none. */
export function readObject(text: string): Result<Fields, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err('this is not JSON');
  }
  return isFields(value) ? ok(value) : err('an object is expected');
}

/** What the first line of a recording says. */
export function readHeader(line: Fields): Result<RecordedOptions, string> {
  const { chainId, keys, quorum, sign, protocols } = line;
  if (line['meridian'] !== 'recording') return err('this is not the first line of a recording');
  if (line['version'] !== RECORDING_VERSION) {
    return err(`the recording is of another version than ${RECORDING_VERSION.toString()}`);
  }
  if (!isText(chainId)) return err('chainId: a text is expected');
  if (!isListOf(keys, isText)) return err('keys: a list of addresses is expected');
  if (!isCount(quorum)) return err('quorum: a whole number from 1 is expected');
  if (sign !== 'at_prequorum' && sign !== 'early') return err('sign: at_prequorum or early');
  if (!isFields(protocols)) return err('protocols: an object is expected');
  const equals = new Map<string, Protocol>();
  for (const [hash, number] of Object.entries(protocols)) {
    const row = PROTOCOLS.find(each => each.number === number);
    if (row === undefined) return err(`protocols.${hash}: ${String(number)} is not known`);
    equals.set(hash, row);
  }
  const view: ViewOptions = {
    ...{ chainId: chainId as ChainId, keys: new Set(keys as readonly PublicKeyHash[]) },
    ...{ quorum, equals },
  };
  return ok({ view, voter: { sign } });
}

/** A recorded event, with what came of it. */
export type RecordedEvent = Cast & { readonly n: number; readonly event: LineEvent };

/** What the line of an event says; words of nodes in it are taken as they are, for the line believes none of them. */
export function readEvent(line: Fields): Result<RecordedEvent, string> {
  const { n, event, sign = [], inject = [] } = line;
  if (!isCount(n)) return err('n: a whole number from 1 is expected');
  if (!isFields(event)) return err('event: an object is expected');
  const { kind } = event;
  const shape = isText(kind) && Object.hasOwn(SHAPES, kind) ? SHAPES[kind as Kind] : undefined;
  if (shape === undefined) return err('event.kind: no event is of this kind');
  for (const [name, fits] of Object.entries<Fits>({ at: isNumber, ...shape })) {
    if (!fits(event[name])) return err(`event.${name}: not what an event has there`);
  }
  if (!isListOf(sign, isRow)) return err('sign: a list of ballots is expected');
  if (!isListOf(inject, isHex)) return err('inject: a list of operations is expected');
  const heard = (
    kind === 'marks' ? { ...event, marks: new Map(event['marks'] as MarkRow[]) } : event
  ) as LineEvent;
  return ok({ n, event: heard, sign, inject });
}

type Kind = LineEvent['kind'];
type MarkRow = Marks extends ReadonlyMap<infer Key, infer Mark> ? [Key, Mark] : never;
type Fits = (value: unknown) => boolean;

/** The topics that nodes are asked about, with the fields that lead to an answer. */
const TOPICS: Readonly<Record<string, Readonly<Record<string, Fits>>>> = {
  chain: {},
  protocols: { hash: isText },
  constants: { hash: isText },
  rights: { level: isNumber },
  header: { hash: isText },
  operations: { hash: isText },
  key: { delegate: isText, consensusKey: isText },
};

function isTopic(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { kind } = value;
  const fields = isText(kind) && Object.hasOwn(TOPICS, kind) ? TOPICS[kind] : undefined;
  return fields !== undefined && Object.entries(fields).every(([name, fits]) => fits(value[name]));
}

const BALLOT = {
  ...{ kind: isText, level: isNumber, round: isNumber, slot: isNumber },
  ...{ payloadHash: isText, branch: isText, delegate: isText, consensusKey: isText },
};

function isBallot(value: unknown): boolean {
  return isFields(value) && Object.entries(BALLOT).every(([name, fits]) => fits(value[name]));
}

/** What each kind of event has besides its time. */
const SHAPES: Readonly<Record<Kind, Readonly<Record<string, Fits>>>> = {
  block: { node: isText, stream: isText },
  operations: { node: isText, items: Array.isArray },
  answer: { node: isText, topic: isTopic },
  unanswered: { node: isText, topic: isTopic },
  stream: { node: isText, stream: isText, state: isText },
  verified: { batch: isNumber, findings: value => isListOf(value, Array.isArray) },
  tick: {},
  marks: { hash: isText, marks: value => isListOf(value, Array.isArray) },
  signed: { ballot: isBallot, operation: isHex },
  timer: { hash: isText },
};

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** Whether it is whole bytes in hexadecimal. */
function isHex(value: unknown): value is string {
  return isText(value) && /^(?:[0-9a-f]{2})+$/.test(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

/** Whether it counts something, from 1. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}

function isRow(value: unknown): value is readonly (string | number)[] {
  return isListOf(
    value,
    (each): each is string | number => isText(each) || typeof each === 'number',
  );
}

function isListOf<Value>(
  value: unknown,
  fits: ((each: unknown) => each is Value) | Fits,
): value is readonly Value[] {
  return Array.isArray(value) && value.every(each => fits(each));
}
