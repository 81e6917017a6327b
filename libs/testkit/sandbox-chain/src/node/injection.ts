import { fromHex, TezosError } from '@meridian/tezos';
import { decode, operationShell, signedOperation, type Vote } from '@meridian/tezos/forge';
import { hashOperation } from '@meridian/tezos/hash';
import { err, ok, type Result } from '@meridian/prelude';
import type { Rejection } from '../contract.ts';
import { chainIn, flagIn } from './query.ts';
import { failure, json, malformed, message, type Answer } from './reply.ts';
import type { NodeView } from './view.ts';

/** `POST /injection/operation`, in the words of Octez 25.1 (protocol.md 10). */
export function injectOperation(view: NodeView, query: URLSearchParams, body: string): Answer {
  const chain = chainIn(query);
  if (!chain.ok) return chain.error;
  const bytes = operationBytes(body);
  if (!bytes.ok) return bytes.error;
  if (bytes.value.length < BRANCH_BYTES) return failure(message("Can't parse the operation"));
  const injected = injectAt(view, bytes.value);
  // The hash alone says nothing of what became of the operation: a rejection is only logged.
  if (injected.ok || flagIn(query, 'async')) return json(hashOperation(bytes.value));
  return failure(
    { kind: 'permanent', id: 'async_injection_failed' },
    message(injected.error.message),
  );
}

const BRANCH_BYTES = 32;

function operationBytes(body: string): Result<Uint8Array, Answer> {
  let text: unknown;
  try {
    text = JSON.parse(body);
  } catch {
    return err(unreadable(`JSON.of_buffer illegal literal (${body.slice(0, 40)})`));
  }
  if (typeof text !== 'string') return err(unreadable('Malformed value'));
  if (text.length % 2 !== 0) {
    return err(invalid('Hex conversion: Hex string cannot have an odd number of characters.'));
  }
  const wrong = /[^0-9a-fA-F]/.exec(text)?.[0];
  if (wrong !== undefined) {
    return err(invalid(`Hex.to_char: ${wrong.charCodeAt(0)} is an invalid char`));
  }
  return ok(fromHex(text));
}

function unreadable(why: string): Answer {
  return malformed(`Failed to parse the request body: ${why}`);
}

function invalid(why: string): Answer {
  return unreadable(`Unhandled error Invalid_argument("${why}")`);
}

/** A node that is behind judges by what it knows, too. */
function injectAt(view: NodeView, bytes: Uint8Array): Result<unknown, Rejection> {
  const knowsAll = view.head().level >= view.chain.head().level;
  const alone = knowsAll ? ok(undefined) : judgedAlone(view, bytes);
  return alone.ok && view.follows() ? view.chain.inject(view.now(), bytes) : alone;
}

/**
 * What a node without peers makes of an operation: it knows only its own past, and passes nothing on, so what it
 * accepts is lost.
 */
function judgedAlone(view: NodeView, bytes: Uint8Array): Result<unknown, Rejection> {
  const { branch } = decode(operationShell, bytes.subarray(0, BRANCH_BYTES));
  const head = view.head();
  const known = view.chain.block(branch);
  if (known === undefined || known.level > head.level) {
    const text = `Unknown branch (${branch.slice(0, 12)}), cannot inject the operation.`;
    return err(rejection('unknown_branch', 'refused', text));
  }
  const vote = voteIn(view, bytes);
  if (vote === undefined || vote.level <= head.level + 1) return ok(undefined);
  const name = vote.kind === 'preattestation' ? 'Preattestation' : 'Attestation';
  const why = `${name} for future level (expected: ${head.level + 1}, provided: ${vote.level}).`;
  const operation = `injected operation ${hashOperation(bytes)}`;
  return err(
    rejection(
      'validate.consensus_operation_for_future_level',
      'branch_delayed',
      `Error while validating ${operation}:\nError:\n  ${why}\n`,
    ),
  );
}

/** The vote that an operation is; undefined for anything else. */
function voteIn(view: NodeView, bytes: Uint8Array): Vote | undefined {
  try {
    const [content] = decode(signedOperation(view.era.protocol), bytes).contents;
    return 'slot' in content && 'level' in content ? content : undefined;
  } catch (error) {
    if (error instanceof TezosError) return undefined;
    throw error;
  }
}

function rejection(id: string, kind: Rejection['class'], text: string): Rejection {
  return { id, class: kind, message: text, fields: {} };
}
