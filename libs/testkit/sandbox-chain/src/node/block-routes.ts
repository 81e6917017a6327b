import { err, ok, type Result } from '@meridian/prelude';
import type { ChainBlock } from '../contract.ts';
import * as blocks from './block-json.ts';
import { constantsJson } from './constants.ts';
import * as delegates from './delegate-json.ts';
import { cycleBounds, cycleOf, levelJson, levelsOf, rightsCycles, rightsKnown } from './levels.ts';
import { cyclesIn, flagIn, integerIn, levelsIn } from './query.ts';
import { chunkedJson, failure, json, message, type Answer, type Trace } from './reply.ts';
import { attestationRightsJson, bakingRightsJson, validatorsJson } from './rights-json.ts';
import type { Wanted } from './rights-json.ts';
import { speakingAt, type NodeView } from './view.ts';

/** A request about a block. */
export type AtBlock = {
  readonly view: NodeView;
  readonly block: ChainBlock;
  readonly query: URLSearchParams;
  readonly address: string;
  readonly pass: string;
};

type BlockRoute = { readonly path: string; readonly answer: (at: AtBlock) => Answer };

/** A RPC about the block itself, in the words of its protocol. */
function at(path: string, answer: BlockRoute['answer']): BlockRoute {
  return {
    path,
    answer: request => answer({ ...request, view: speakingAt(request.view, request.block.level) }),
  };
}

/** A RPC about the context that a block leaves, in the words of the next protocol (block_directory.ml). */
function after(path: string, answer: BlockRoute['answer']): BlockRoute {
  return {
    path,
    answer: request =>
      answer({ ...request, view: speakingAt(request.view, request.block.level + 1) }),
  };
}

/** The RPCs of a block; chunked or not as in the recordings. */
export const BLOCK_ROUTES: readonly BlockRoute[] = [
  at('', ({ view, block, query }) => json(blocks.blockJson(view, block, receipts(query)))),
  at('/hash', ({ block }) => json(block.hash)),
  at('/header', ({ view, block }) => json(blocks.headerJson(view, block))),
  at('/header/shell', ({ block }) => json(blocks.shellJson(block))),
  at('/header/raw', ({ block }) => json(blocks.rawHeaderHex(block))),
  at('/protocols', ({ view, block }) => json(blocks.protocols(view, block))),
  at('/metadata', ({ view, block }) => json(blocks.metadataJson(view, block))),
  at('/operations', ({ view, block, query }) =>
    json(blocks.operationsJson(view, block, receipts(query))),
  ),
  at('/operations/:pass', operationsOfPass),
  at('/operation_hashes', ({ block }) =>
    json(block.operations.map(pass => pass.map(({ hash }) => hash))),
  ),
  at('/live_blocks', ({ view, block }) => json(blocks.liveBlocks(view, block))),
  after('/context/constants', ({ view }) => json(constantsJson(view))),
  after('/context/delegates', ({ view, block }) => chunkedJson(delegates.delegatesOf(view, block))),
  after('/context/delegates/:pkh', ofDelegate(delegates.delegateJson)),
  after('/context/delegates/:pkh/participation', ofDelegate(delegates.participationJson)),
  after('/context/delegates/:pkh/consensus_key', ofDelegate(delegates.consensusKeyJson)),
  after('/context/delegates/:pkh/companion_key', ofDelegate(delegates.companionKeyJson)),
  after(
    '/context/delegates/:pkh/deactivated',
    ofDelegate(() => false),
  ),
  after('/context/delegates/:pkh/is_forbidden', ofDelegate(delegates.isForbidden)),
  after('/helpers/validators', validators),
  after('/helpers/attestation_rights', attestationRights),
  after('/helpers/baking_rights', bakingRights),
  after('/helpers/round', ({ block }) => json(block.round)),
  after('/helpers/current_level', currentLevel),
  after('/helpers/levels_in_current_cycle', levelsInCycle),
  after('/helpers/all_bakers_attest_activation_level', ({ view }) =>
    json(blocks.allBakersAttestLevel(view)),
  ),
];

function receipts(query: URLSearchParams): boolean {
  return query.get('metadata') !== 'never';
}

function operationsOfPass({ view, block, query, pass }: AtBlock): Answer {
  const operations = blocks.operationsJson(view, block, receipts(query));
  const wanted = /^\d{1,3}$/.test(pass) ? operations[Number(pass)] : undefined;
  return wanted === undefined ? failure(message('Not_found')) : json(wanted);
}

/** An error with the prefix of the protocol in its id. */
function protocolError(view: NodeView, kind: string, id: string, fields: object): Trace {
  return { kind, id: `proto.${view.era.protocol.codec}.${id}`, ...fields };
}

function ofDelegate(print: (delegate: delegates.DelegateAt) => unknown): BlockRoute['answer'] {
  return ({ view, block, address }) => {
    const found = delegates.findDelegate(view, block, address);
    if (found !== undefined) return json(print(found));
    const fields = { pkh: address };
    return failure(protocolError(view, 'temporary', 'delegate.not_registered', fields));
  };
}

function wanted(query: URLSearchParams): Wanted {
  return { delegates: query.getAll('delegate'), consensusKeys: query.getAll('consensus_key') };
}

/**
 * The levels that rights are asked of, `otherwise` when the query names none.
 * @param unknown what a node says of a level outside the cycles it knows
 * @param withCycles whether the RPC takes cycles beside levels; `validators` does not
 */
function levelsAsked(
  { view, block, query }: AtBlock,
  otherwise: number,
  unknown: (view: NodeView, block: ChainBlock, level: number) => Trace,
  withCycles = true,
): Result<readonly number[], Answer> {
  const asked = levelsIn(query);
  if (!asked.ok) return asked;
  const cycles = withCycles ? cyclesIn(query) : ok([]);
  if (!cycles.ok) return cycles;
  const named = [...asked.value, ...cycles.value.flatMap(cycle => levelsOf(view, cycle))];
  const levels = named.length > 0 ? [...new Set(named)].sort((a, b) => a - b) : [otherwise];
  if (levels.some(level => level < 0)) return err(failure(message(negativeLevel(view))));
  const first = levels.find(level => !rightsKnown(view, block, level));
  return first === undefined ? ok(levels) : err(failure(unknown(view, block, first)));
}

function negativeLevel(view: NodeView): string {
  const folder = `proto_${view.era.protocol.codec.replace('-', '_')}`;
  const file = `src/${folder}/lib_protocol/level_repr.ml`;
  return `File "${file}", line 258, characters 12-18: Assertion failed`;
}

function noStake(view: NodeView, _block: ChainBlock, level: number): Trace {
  const missing_key = ['cycle', cycleOf(view, level).toString(), 'total_active_stake'];
  const fields = { missing_key, function: 'get' };
  return protocolError(view, 'permanent', 'context.storage_error', fields);
}

function noSeed(view: NodeView, block: ChainBlock, level: number): Trace {
  const { oldest, latest } = rightsCycles(view, block);
  const fields = { oldest, requested: cycleOf(view, level), latest };
  return protocolError(view, 'permanent', 'seed.unknown_seed', fields);
}

function validators(request: AtBlock): Answer {
  const levels = levelsAsked(request, request.block.level, noStake, false);
  if (!levels.ok) return levels.error;
  return chunkedJson(validatorsJson(request.view, levels.value, wanted(request.query)));
}

function attestationRights(request: AtBlock): Answer {
  const { view, block, query } = request;
  const levels = levelsAsked(request, block.level, noSeed);
  if (!levels.ok) return levels.error;
  return chunkedJson(attestationRightsJson(view, block, levels.value, wanted(query)));
}

/** Source: proto_025_PsUshuai/lib_plugin/RPC.ml, `default_max_round`. */
const ROUND_MAX_DEFAULT = 64;

function bakingRights(request: AtBlock): Answer {
  const { view, block, query } = request;
  const levels = levelsAsked(request, block.level + 1, noSeed);
  if (!levels.ok) return levels.error;
  const roundMax = integerIn(query, 'max_round', ROUND_MAX_DEFAULT);
  if (!roundMax.ok) return roundMax.error;
  const asked = { roundMax: roundMax.value, all: flagIn(query, 'all') };
  return chunkedJson(bakingRightsJson(view, block, levels.value, wanted(query), asked));
}

function currentLevel({ view, block, query }: AtBlock): Answer {
  const offset = integerIn(query, 'offset', 0);
  if (!offset.ok) return offset.error;
  if (offset.value < 0) {
    return failure(protocolError(view, 'permanent', 'negative_level_offset', {}));
  }
  return chunkedJson(levelJson(view, block.level + offset.value));
}

function levelsInCycle({ view, block, query }: AtBlock): Answer {
  const offset = integerIn(query, 'offset', 0);
  return offset.ok ? chunkedJson(cycleBounds(view, block, offset.value)) : offset.error;
}
