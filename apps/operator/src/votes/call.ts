import { UNDECIDED } from '@meridian/attribution';
import { readPartOfEndorser } from '@meridian/configuration';
import { wordOf } from '../addresses.ts';
import type { Call, Outcome } from '../command.ts';
import { probeOf } from '../doctor/probe.ts';
import { OperatorError } from '../errors.ts';
import { complaint, elements, field, isObject, textOf, type Located } from '../json.ts';
import { printable } from '../printable.ts';

const ENDORSER_DEFAULT = 'http://127.0.0.1:9733';
const LEVELS_DEFAULT = '20';
const TIMEOUT_MS = 20_000;

/** Asks an endorser what became of a delegate's votes. */
export async function votesCall(call: Call): Promise<Outcome> {
  const [delegate = ''] = call.args;
  const endorser = wordOf(call, 'endorser') ?? ENDORSER_DEFAULT;
  const levels = wordOf(call, 'levels') ?? LEVELS_DEFAULT;
  const problems = [
    ...(isDelegate(delegate) ? [] : [`DELEGATE: ${printable(delegate)} is no address`]),
    ...(/^\d{1,9}$/.test(levels) ? [] : [`--levels: ${printable(levels)} is no whole number`]),
    ...(isHttp(endorser) ? [] : [`--endorser: ${printable(endorser)} is no address over HTTP`]),
  ];
  if (problems.length > 0) throw new OperatorError('misused', problems.join('; '));
  const query = new URLSearchParams({ delegate, levels });
  const answer = await ask(endorser, `/votes?${query.toString()}`);
  return outcomeOf(delegate, endorser, answer);
}

async function ask(endorser: string, path: string): Promise<Located> {
  const reply = await probeOf(endorser, TIMEOUT_MS)(path);
  const source = `the answer of ${endorser}`;
  if (reply.kind === 'answer') return { value: reply.value, source, path: [] };
  const said = reply.kind === 'status' ? messageIn(reply.text) : undefined;
  if (said !== undefined) throw new OperatorError('bad_input', `${endorser}: ${printable(said)}`);
  const why = reply.kind === 'status' ? `status ${reply.status.toString()}` : reply.why;
  throw new OperatorError('unreachable', `${endorser} does not tell of votes: ${printable(why)}`);
}

/** The words of a problem that an endorser answers; undefined of anything else. */
function messageIn(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const message = isObject(value) ? value['message'] : undefined;
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}

function outcomeOf(delegate: string, endorser: string, answer: Located): Outcome {
  const rights = elements(field(answer, 'rights'));
  const outcomes = rights.map(right => textOf(field(right, 'outcome')));
  const missed = rights.filter((_, at) => outcomes[at] === 'missed');
  const count = (outcome: string): number => outcomes.filter(each => each === outcome).length;
  const counts = { attested: count('attested'), missed: missed.length };
  const undecided = count('undecided');
  const missedReasons = tallied(missed, 'reason');
  const missedFaults = tallied(missed, 'fault');
  const faults = Object.entries(missedFaults).map(([fault, of]) => `${fault} ${of.toString()}`);
  const budget = field(answer, 'budget');
  const unknown = field(answer, 'budgetUnknown').value;
  return {
    status: 0,
    lines: [
      ...rights.map(lineOf),
      `${rights.length.toString()} rights: ${counts.attested.toString()} attested, ${missed.length.toString()} missed` +
        `${faults.length === 0 ? '' : ` (${faults.join(', ')})`}, ${undecided.toString()} undecided`,
      budgetLine(budget, unknown),
    ],
    json: {
      ...{ delegate, endorser, ...counts, undecided, missedReasons, missedFaults },
      ...{ budget: budget.value, budgetUnknown: unknown, rights: rights.map(({ value }) => value) },
    },
  };
}

function tallied(rights: readonly Located[], name: string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const right of rights) {
    const value = textOf(field(right, name));
    counts[value] = (counts[value] ?? 0) + 1;
  }
  return counts;
}

function lineOf(right: Located): string {
  const level = `level ${wholeOf(field(right, 'level')).toString().padStart(8)}`;
  const outcome = textOf(field(right, 'outcome'));
  const round = (): string => `round ${wholeOf(field(right, 'round')).toString()}`;
  const text = (name: string): string => printable(textOf(field(right, name)));
  if (outcome === 'attested') return `${level}  ${round()}  attested  ${text('by')}`;
  if (outcome === 'missed') {
    const code = field(right, 'code').value;
    const words = typeof code === 'string' ? `${text('text')} (${printable(code)})` : text('text');
    return `${level}  ${round()}  MISSED    ${text('fault')}: ${text('reason')}: ${words}`;
  }
  const why = text('why');
  const words = Object.entries<string>(UNDECIDED).find(([code]) => code === why)?.[1];
  return `${level}           undecided ${why}${words === undefined ? '' : `: ${words}`}`;
}

function budgetLine(budget: Located, unknown: unknown): string {
  if (budget.value === null) {
    return `how many more may be missed in this cycle is unknown: ${printable(String(unknown))}`;
  }
  const of = (name: string): string => wholeOf(field(budget, name)).toString();
  const unit = printable(textOf(field(budget, 'unit')));
  return `${of('remaining')} more ${unit} may be missed in this cycle: ${of('allowed')} are allowed, ${of('missed')} were missed`;
}

function wholeOf(at: Located): number {
  if (!Number.isSafeInteger(at.value)) throw complaint(at, 'is no whole number');
  return at.value as number;
}

function isDelegate(text: string): boolean {
  return readPartOfEndorser({ keys: [text] }).ok;
}

function isHttp(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
