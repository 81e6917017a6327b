import { MISS_REASONS, type Budget, type Right } from '@meridian/attribution';
import type { Result } from '@meridian/prelude';
import type { OperationsAnswer } from '@meridian/service';
import { TezosError, type PublicKeyHash } from '@meridian/tezos';
import { publicKeyHash } from '@meridian/tezos/crypto';
import { LEVELS_MAX, type Ledger } from './ledger.ts';

const LEVELS_DEFAULT = 20;

/**
 * The answer to `/votes?delegate=…&levels=…`: what became of a delegate's last rights, oldest first, and how many more
 * the cycle allows to miss. 400 names the field that is wrong, 404 the delegates that there are.
 */
export async function votesAnswer(
  { rights, delegates }: Pick<Ledger, 'rights' | 'delegates'>,
  budget: (delegate: PublicKeyHash) => Promise<Result<Budget, string>>,
  query: URLSearchParams,
): Promise<OperationsAnswer> {
  const unknown = [...query.keys()].find(name => name !== 'delegate' && name !== 'levels');
  if (unknown !== undefined) return wrong(unknown, 'is not asked here: delegate and levels are');
  const delegate = addressIn(query.getAll('delegate'));
  if (delegate === undefined) return wrong('delegate', 'is one address, such as tz1…');
  const levels = levelsIn(query.getAll('levels'));
  if (levels === undefined) {
    return wrong('levels', `is a whole number from 1 to ${LEVELS_MAX.toString()}`);
  }
  const found = rights(delegate, levels);
  if (found === undefined) {
    const known = delegates().join(', ');
    const message = `this endorser has no rights of it; it has those of: ${known || 'nobody yet'}`;
    return { status: 404, body: { code: 'unknown_delegate', field: 'delegate', message } };
  }
  const read = await budget(delegate);
  return {
    status: 200,
    body: {
      delegate,
      rights: found.map(withFault),
      budget: read.ok ? read.value : null,
      budgetUnknown: read.ok ? null : read.error,
    },
  };
}

function withFault(right: Right): object {
  return right.outcome === 'missed' ? { ...right, ...MISS_REASONS[right.reason] } : right;
}

function wrong(field: string, words: string): OperationsAnswer {
  const message = `${field} ${words}`;
  return { status: 400, body: { code: 'malformed_argument', field, message } };
}

function addressIn([text, ...more]: readonly string[]): PublicKeyHash | undefined {
  if (text === undefined || more.length > 0) return undefined;
  try {
    return publicKeyHash(text);
  } catch (error) {
    if (error instanceof TezosError) return undefined;
    throw error;
  }
}

function levelsIn([text, ...more]: readonly string[]): number | undefined {
  if (text === undefined) return LEVELS_DEFAULT;
  if (more.length > 0 || !/^\d{1,4}$/.test(text)) return undefined;
  const levels = Number(text);
  return levels >= 1 && levels <= LEVELS_MAX ? levels : undefined;
}
