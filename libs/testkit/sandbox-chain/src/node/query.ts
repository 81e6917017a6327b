import { err, ok, type Result } from '@meridian/prelude';
import { identifyBase58, protocolByHash } from '@meridian/tezos';
import { malformed, type Answer } from './reply.ts';

/** What a node says of an argument that it cannot read, word for word as Octez 25.1. */
function unreadable(name: string, value: string, why: string): Answer {
  const argument = `argument '${name}' ("${value}")`;
  return malformed(`Failed to parse the query string: Failed to parse ${argument}: ${why}`);
}

/** A repeatable level. */
export function levelsIn(query: URLSearchParams): Result<readonly number[], Answer> {
  const texts = query.getAll('level');
  const wrong = texts.find(text => !/^-?\d{1,10}$/.test(text));
  return wrong === undefined
    ? ok(texts.map(Number))
    : err(unreadable('level', wrong, 'Cannot parse level'));
}

/** A repeatable cycle. */
export function cyclesIn(query: URLSearchParams): Result<readonly number[], Answer> {
  const texts = query.getAll('cycle');
  const wrong = texts.find(text => !/^\d{1,10}$/.test(text));
  return wrong === undefined
    ? ok(texts.map(Number))
    : err(unreadable('cycle', wrong, 'Cannot parse cycle'));
}

/** A whole number that may be left out. */
export function integerIn(
  query: URLSearchParams,
  name: string,
  otherwise: number,
): Result<number, Answer> {
  const text = query.get(name);
  if (text === null) return ok(otherwise);
  return /^-?\d{1,10}$/.test(text)
    ? ok(Number(text))
    : err(unreadable(name, text, `Cannot parse ${name}`));
}

/** A flag: there or not; `?async=true` and `?async` are the same. */
export function flagIn(query: URLSearchParams, name: string, otherwise = false): boolean {
  const text = query.get(name);
  return text === null ? otherwise : !['false', 'no'].includes(text);
}

/** Repeatable protocol hashes; none asks for all. */
export function protocolsIn(
  query: URLSearchParams,
  name: string,
): Result<readonly string[], Answer> {
  const texts = query.getAll(name);
  const wrong = texts.find(text => protocolByHash(text) === undefined && !isProtocol(text));
  const why = `failed to decode Base58Check-encoded data (Protocol_hash): "${wrong ?? ''}"`;
  return wrong === undefined ? ok(texts) : err(unreadable(name, wrong, why));
}

function isProtocol(text: string): boolean {
  try {
    identifyBase58(['protocolHash'], text);
    return true;
  } catch {
    return false;
  }
}

/** The chain an injection is for, if it says one. */
export function chainIn(query: URLSearchParams): Result<string | null, Answer> {
  const text = query.get('chain');
  if (text === null || isChain(text)) return ok(text);
  return err(unreadable('chain', text, 'Cannot parse chain identifier.'));
}

/** Whether a text can name a chain; it need not be ours. */
export function isChain(text: string): boolean {
  if (text === 'main' || text === 'test') return true;
  try {
    identifyBase58(['chainId'], text);
    return true;
  } catch {
    return false;
  }
}

/** The one version of an answer that is there. */
export function refuseVersion(
  query: URLSearchParams,
  known: readonly string[],
): Answer | undefined {
  const text = query.get('version');
  if (text === null || known.includes(text)) return undefined;
  const list = known.map(each => `version "${each}"`).join(', ');
  return unreadable(
    'version',
    text,
    `Unsupported version ${text} (supported versions  ${list} (default))`,
  );
}
