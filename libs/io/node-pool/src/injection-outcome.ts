import { NODE_ERRORS } from './errors.ts';

/** What a node may say to an operation, or why it says nothing. */
export type InjectionClassRow = {
  readonly meaning: string;
  /** The node may take the operation a moment later. */
  readonly isPassing?: true;
  /** How the ids of its errors begin, without the protocol. */
  readonly ids?: readonly string[];
  /** What the texts of its errors contain: Octez puts most of its errors into words before it answers. */
  readonly words?: readonly string[];
  readonly statuses?: readonly number[];
};

/**
 * What becomes of an operation at a node; the same string in logs, metrics and JSON. An answer belongs to the first
 * class by its ids or words, else to the first by its status, else it is `refused`. Ids from protocol.md 4.3, words as
 * Octez 25.1 wrote them; what only blocks are refused for is not listed.
 */
export const INJECTION_CLASSES = {
  known: { meaning: 'the node has it: new, from others, or in a block; it does not say which' },
  conflict: {
    meaning:
      'another vote of this slot, level and round is in its mempool, such as one with other DAL content',
    ids: ['validate.double_inclusion_of_consensus_operation', 'prevalidation.operation_conflict'],
    words: ['already contains a conflicting operation', ' conflicts with existing '],
  },
  late: {
    meaning: 'its level or its branch is over',
    ids: ['validate.consensus_operation_for_old_level'],
    words: [' for old level (', ' is branched on either:'],
  },
  behind: {
    meaning:
      'the node does not know its level or branch yet, or its clock is slow; it is asked again',
    isPassing: true,
    ids: [
      'validate.consensus_operation_for_future_level',
      'prefilter.Consensus_operation_in_far_future',
    ],
    words: [
      ' for future level (',
      'Unknown branch (',
      'too far in the future',
      'Prevalidator is not running',
    ],
  },
  forbidden: {
    meaning: 'the delegate may not attest for now, after double votes or blocks',
    ids: ['validate.temporarily_forbidden_delegate'],
    words: ['committed too many misbehaviours'],
  },
  wrong: {
    meaning: 'it cannot be read, or its signature, slot or content is wrong',
    ids: [
      'validate.wrong_slot_for_consensus_operation',
      'validate.missing_companion_key_for_bls_dal',
      'validate.aggregate_operation_not_allowed_in_mempool',
      'operation.invalid_signature',
      'operation.missing_signature',
      'prefilter.wrong_operation',
      'slot.invalid_slot',
      'dal_',
      'node.prevalidation.parse_error',
      'node.prevalidation.oversized_operation',
    ],
    words: [
      'Wrong slot used for a ',
      'missing a companion key',
      'Aggregate operations are not allowed',
      'operation signature is invalid',
      'operation requires a signature',
      'not a valid representation of a DAL attestation',
      'Z.Overflow',
      'Operation parsing error',
      "Can't parse the operation",
      'Failed to parse the request body',
      'Oversized operation',
    ],
  },
  denied: {
    meaning: 'status 401, 403 or 404: this node takes no operations from us',
    statuses: [401, 403, 404],
  },
  refused: { meaning: 'any other answer with an HTTP status of 400 or more' },
  bad_answer: { meaning: 'an answer that is no hash, or larger than allowed' },
  unreachable: { meaning: NODE_ERRORS.unreachable },
  timeout: { meaning: NODE_ERRORS.timeout },
  busy: { meaning: 'newer operations took the last places in which one waits for this node' },
  closed: { meaning: 'the pool was closed first' },
} as const satisfies Record<string, InjectionClassRow>;

/** One of the classes of {@link INJECTION_CLASSES}. */
export type InjectionClass = keyof typeof INJECTION_CLASSES;

/** A class of operations that a node did not take. */
export type InjectionFailure = Exclude<InjectionClass, 'known'>;

/** What a node said to an operation, or why it said nothing. */
export type InjectionOutcome =
  | { readonly ok: true; readonly class: 'known'; readonly hash: string }
  | {
      readonly ok: false;
      readonly class: InjectionFailure;
      readonly message: string;
      /** The HTTP status, when there was one. */
      readonly status?: number;
    };

/** Characters of a node's words that are repeated in a message. */
const QUOTED_CHARACTERS_MAX = 1_000;

/** A node that did not take the operation. */
export function failure(
  injectionClass: InjectionFailure,
  message: string,
  status?: number,
): InjectionOutcome {
  const outcome = { ok: false, class: injectionClass, message } as const;
  return status === undefined ? outcome : { ...outcome, status };
}

/** Whether the node may take the operation a moment later. */
export function isPassing(outcome: InjectionOutcome): boolean {
  const row: InjectionClassRow = INJECTION_CLASSES[outcome.class];
  return row.isPassing === true;
}

/**
 * Reads the answer to `POST /injection/operation`: the operation's hash, or a trace of errors whose `msg` says why not
 * (protocol.md §4.3, §10).
 */
export function readInjectionAnswer(status: number, text: string): InjectionOutcome {
  const value = parsed(text);
  if (status >= 400) {
    const errors = errorsOf(value, text);
    const said = errors.map(({ words }) => words).filter(words => words !== '');
    // What says nothing to people is quoted as it came.
    const quoted = (said.length === 0 ? text : said.join('; ')).slice(0, QUOTED_CHARACTERS_MAX);
    const words = quoted.trim() === '' ? '' : `: ${quoted.trim()}`;
    return failure(classOf(status, errors), `status ${status}${words}`, status);
  }
  if (status === 200 && typeof value === 'string') return { ok: true, class: 'known', hash: value };
  return failure('bad_answer', `status ${status} with an answer that is no hash`, status);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type NodeErrorWords = { readonly id: string; readonly words: string };

/** The errors of a trace; the text as it came when it is none. */
function errorsOf(value: unknown, text: string): readonly NodeErrorWords[] {
  if (!Array.isArray(value)) return [{ id: '', words: text }];
  return value.map((error: unknown) => {
    const { id, msg } = (error ?? {}) as { readonly id?: unknown; readonly msg?: unknown };
    return {
      id: typeof id === 'string' ? id.replace(/^proto\.[^.]+\./, '') : '',
      words: typeof msg === 'string' ? msg : '',
    };
  });
}

const ROWS = Object.entries<InjectionClassRow>(INJECTION_CLASSES) as readonly (readonly [
  InjectionFailure,
  InjectionClassRow,
])[];

function classOf(status: number, errors: readonly NodeErrorWords[]): InjectionFailure {
  const named = ROWS.find(([, { ids = [], words = [] }]) =>
    errors.some(
      error =>
        ids.some(id => error.id.startsWith(id)) || words.some(part => error.words.includes(part)),
    ),
  );
  const found = named ?? ROWS.find(([, { statuses = [] }]) => statuses.includes(status));
  return found?.[0] ?? 'refused';
}
