import { err, ok, type Result } from '@meridian/prelude';
import type { ChainBlock } from '../contract.ts';
import { BLOCK_ROUTES } from './block-routes.ts';
import { injectOperation } from './injection.ts';
import type { Monitors } from './monitors.ts';
import { passOf } from './monitors.ts';
import { pendingOperation } from './operation-json.ts';
import { addressIn, blockIn, checkChain } from './path.ts';
import { flagIn, refuseVersion } from './query.ts';
import {
  json,
  NOT_FOUND,
  wrongMethod,
  type Answer,
  type NodeRequest,
  type Reply,
} from './reply.ts';
import { VERSION } from './version.ts';
import type { NodeView } from './view.ts';

/** A request whose path was read. */
type Found = {
  readonly view: NodeView;
  readonly monitors: Monitors;
  readonly query: URLSearchParams;
  readonly body: string;
  readonly args: PathArguments;
};

/** What the variable parts of a path stand for. */
type PathArguments = {
  readonly block?: ChainBlock;
  readonly address?: string;
  readonly pass?: string;
};

type Route = {
  readonly method: 'GET' | 'POST';
  readonly path: readonly string[];
  readonly answer: (found: Found) => Reply;
};

function route(method: Route['method'], path: string, answer: Route['answer']): Route {
  return { method, path: path.split('/').slice(1), answer };
}

const get = (path: string, answer: Route['answer']): Route => route('GET', path, answer);

/** Every RPC that the sandbox has. */
const ROUTES: readonly Route[] = [
  get('/version', () => json(VERSION)),
  get('/chains/:chain/chain_id', ({ view }) => json(view.chain.chainId)),
  get('/chains/:chain/is_bootstrapped', () => json({ bootstrapped: true, sync_state: 'synced' })),
  get('/monitor/heads/:chain', ({ monitors, query }) => either(monitors.heads(query))),
  get('/monitor/validated_blocks', ({ monitors, query }) =>
    either(monitors.validatedBlocks(query)),
  ),
  get('/monitor/applied_blocks', ({ monitors, query }) => either(monitors.appliedBlocks(query))),
  get('/monitor/bootstrapped', ({ monitors }) => monitors.bootstrapped()),
  get('/chains/:chain/mempool/monitor_operations', ({ monitors, query }) =>
    monitors.operations(query),
  ),
  get('/chains/:chain/mempool/pending_operations', pendingOperations),
  route('POST', '/injection/operation', ({ view, query, body }) =>
    injectOperation(view, query, body),
  ),
  ...BLOCK_ROUTES.map(({ path, answer }) =>
    get(`/chains/:chain/blocks/:block${path}`, ({ view, query, args }) => {
      const { block = view.head(), address = '', pass = '' } = args;
      return answer({ view, block, query, address, pass });
    }),
  ),
];

/** What a node answers. */
export function answerOf(view: NodeView, monitors: Monitors, request: NodeRequest): Reply {
  const segments = request.path.split('/').slice(1);
  const routes = ROUTES.filter(({ path }) => fits(path, segments));
  const [first] = routes;
  if (first === undefined) return NOT_FOUND;
  const chosen = routes.find(({ method }) => method === request.method);
  if (chosen === undefined) return wrongMethod(first.method);
  const args = readArguments(view, chosen.path, segments);
  if (!args.ok) return args.error;
  const { query, body } = request;
  return chosen.answer({ view, monitors, query, body, args: args.value });
}

function fits(path: readonly string[], segments: readonly string[]): boolean {
  return (
    path.length === segments.length &&
    path.every((part, at) => part.startsWith(':') || part === segments[at])
  );
}

/** Reads the variable parts from left to right, as a node does: the first that is wrong is what it complains of. */
function readArguments(
  view: NodeView,
  path: readonly string[],
  segments: readonly string[],
): Result<PathArguments, Answer> {
  let args: PathArguments = {};
  for (const [at, part] of path.entries()) {
    const text = segments[at] ?? '';
    const reader = READERS[part];
    if (reader === undefined) continue;
    const read = reader(view, text, segments.slice(0, at + 1).join('/'));
    if (!read.ok) return read;
    args = { ...args, ...read.value };
  }
  return ok(args);
}

type Reader = (view: NodeView, text: string, path: string) => Result<PathArguments, Answer>;

const READERS: Readonly<Record<string, Reader>> = {
  ':chain': (view, text, path) => {
    const refusal = checkChain(view, text, path);
    return refusal === undefined ? ok({}) : err(refusal);
  },
  ':block': (view, text, path) => {
    const block = blockIn(view, text, path);
    return block.ok ? ok({ block: block.value }) : block;
  },
  ':pkh': (_view, text, path) => {
    const address = addressIn(text, path);
    return address.ok ? ok({ address: address.value }) : address;
  },
  ':pass': (_view, text) => ok({ pass: text }),
};

function either(result: Result<Reply, Answer>): Reply {
  return result.ok ? result.value : result.error;
}

/** The classes of a mempool; what is refused is not kept, so all but the first are empty. */
function pendingOperations({ view, query }: Found): Answer {
  const refusal = refuseVersion(query, ['2']);
  if (refusal !== undefined) return refusal;
  const passes = query.getAll('validation_pass').map(Number);
  const shown = view
    .mempool()
    .filter(operation => passes.length === 0 || passes.includes(passOf(operation)))
    .map(operation => pendingOperation(view, operation));
  return json({
    validated: flagIn(query, 'validated', true) ? shown : [],
    refused: [],
    outdated: [],
    branch_refused: [],
    branch_delayed: [],
    unprocessed: [],
  });
}
