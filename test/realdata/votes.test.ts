import { checkJobs, type NodeWord, type Topic, type Verifier } from '@meridian/chain-view';
import { instant, type Instant } from '@meridian/prelude';
import type { Ballot } from '@meridian/tenderbake';
import type { ChainId } from '@meridian/tezos';
import { publicKeyHash, secretKey, sign, verify, verifyAggregate } from '@meridian/tezos/crypto';
import { newLine, signBytesOf, stepLine, type LineEvent } from '@meridian/vote-line';
import { describe, expect } from 'vitest';
import { shared, testShared } from '../vectors/load.ts';

/*
 * The streams of a real Octez 25.1 and the rights that it gave, in the order and at the times at which they were
 * recorded, through our readers, view and automaton. The votes that come out are held against those that octez-baker
 * sent into the mempool on the same blocks.
 */

const FOLDER = 'realdata/octez-sandbox';
const CHAIN_ID = 'NetXdQprcVkpaWU';
const VERIFIER = { verify, verifyAggregate } as Verifier;

type Line = { readonly t: string; readonly line?: string };
type Row = {
  readonly level: number;
  readonly path: string;
  readonly status: number;
  readonly body: string;
};
type Keys = readonly {
  readonly name: string;
  readonly role: string;
  readonly pkh: string;
  readonly public_key: string;
  readonly secret_key: string;
}[];

const at = (t: string) => instant(Date.parse(t));
const rowsOf = (name: string) => shared(`${FOLDER}/${name}.ndjson`) as readonly never[];

/** The words of one node, in the order in which they came. */
function recording(streams: Readonly<Record<string, 'validated_blocks' | 'heads' | 'operations'>>) {
  return Object.entries(streams)
    .flatMap(([name, stream]) =>
      (rowsOf(name) as readonly Line[]).flatMap(({ t, line }) =>
        line === undefined ? [] : [{ at: at(t), stream, item: JSON.parse(line) as unknown }],
      ),
    )
    .sort((one, other) => one.at - other.at);
}

/** Answers to what the view asks, as the node gave them. */
function answersOf(rows: readonly Row[], keys: Keys, constants: unknown) {
  const good = rows.filter(({ status }) => status === 200);
  const blocks = new Map<string, unknown>();
  const rights = new Map<number, unknown>();
  const consensusKeys = new Map<string, string>();
  for (const { path, body } of good) {
    const [, hash = '', rest] = /blocks\/(\w+)(.*)$/.exec(path) ?? [];
    if (rest === '') blocks.set(hash, JSON.parse(body));
    const wanted = /helpers\/validators\?level=(\d+)$/.exec(path);
    if (wanted?.[1] === undefined) continue;
    const value = JSON.parse(body) as [
      { delegates: { delegate: string; consensus_key: string }[] },
    ];
    rights.set(Number(wanted[1]), value);
    for (const each of value[0].delegates) consensusKeys.set(each.delegate, each.consensus_key);
  }
  const publicKeys = new Map(keys.map(({ pkh, public_key: pk }) => [pkh, pk]));
  return (topic: Topic): unknown => {
    if (topic.kind === 'constants') return constants;
    if (topic.kind === 'rights') return rights.get(topic.level);
    if (topic.kind === 'key') {
      return { active: { pkh: topic.consensusKey, pk: publicKeys.get(topic.consensusKey) } };
    }
    const [first] = blocks.values() as Iterable<{ protocol: string }>;
    if (topic.kind === 'chain') return { chain_id: CHAIN_ID };
    if (topic.kind === 'protocols') return { next_protocol: first?.protocol };
    const block = blocks.get(topic.hash) as
      { hash: string; header: object; operations: unknown[] } | undefined;
    return topic.kind === 'header'
      ? block && { ...block.header, hash: block.hash }
      : block?.operations[0];
  };
}

/** A vote as a node shows it, under the secret key of its baker, which the recording comes with. */
function signedByOwner(ballot: Ballot): object {
  const key = keysOf().find(({ pkh }) => pkh === ballot.consensusKey);
  const { kind, slot, level, round, payloadHash, branch } = ballot;
  const signature = sign(secretKey(key?.secret_key), signBytesOf(CHAIN_ID as ChainId, ballot));
  return {
    branch,
    contents: [{ kind, slot, level, round, block_payload_hash: payloadHash }],
    signature,
  };
}

/**
 * Runs view and voter over a recording; gives the ballots and what was complained of.
 * @param echo whether own preattestations come back at once: nodes send them in the first array after a head, which
 *   one recording leaves out
 */
function run(
  words: ReturnType<typeof recording>,
  answer: (topic: Topic) => unknown,
  keys: readonly string[],
  echo: boolean,
) {
  const own = new Set(keys.map(publicKeyHash));
  let line = newLine(
    { chainId: CHAIN_ID as ChainId, keys: own, quorum: 1 },
    { sign: 'at_prequorum' },
  );
  const ballots: Ballot[] = [];
  const complaints: string[] = [];
  const hear = (event: LineEvent): void => {
    const [next, effects] = stepLine(line, VERIFIER, event);
    line = next;
    for (const effect of effects) {
      if (effect.kind === 'sign') {
        ballots.push(...effect.ballots);
        if (echo) comeBack(effect.ballots, event.at);
      } else if (effect.kind === 'read_marks') {
        const marks = new Map(effect.keys.map(key => [key, null]));
        hear({ kind: 'marks', at: event.at, hash: effect.hash, marks });
      } else if (effect.kind === 'verify') {
        const findings = checkJobs(VERIFIER, effect.jobs);
        hear({ kind: 'verified', at: event.at, batch: effect.batch, findings });
      } else if (effect.kind === 'wake') {
        hear({ kind: 'timer', at: effect.at, hash: effect.hash });
      } else if (effect.kind === 'abstain') {
        complaints.push(`${effect.level.toString()}/${effect.round.toString()} ${effect.reason}`);
      } else if (effect.kind === 'fault') complaints.push(effect.code);
      else if (effect.kind === 'read') {
        const value = answer(effect.topic);
        if (value === undefined) continue;
        hear({ kind: 'answer', at: event.at, node: 'octez', topic: effect.topic, value });
      }
    }
  };
  const comeBack = (cast: readonly Ballot[], at: Instant): void => {
    const items = cast
      .filter(({ kind }) => kind === 'preattestation')
      .map(ballot => signedByOwner(ballot));
    hear({ kind: 'operations', at, node: 'octez', items });
  };
  const [first] = words;
  if (first) hear({ kind: 'stream', at: first.at, node: 'octez', stream: 'heads', state: 'open' });
  for (const { at: when, stream, item } of words) {
    const word: NodeWord =
      stream === 'operations'
        ? { kind: 'operations', items: item as readonly unknown[] }
        : { kind: 'block', stream, item };
    hear({ ...word, at: when, node: 'octez' });
  }
  return { ballots, complaints };
}

/** A vote in the mempool, as a node shows it. */
type Operation = {
  readonly branch: string;
  readonly error?: unknown;
  readonly contents: readonly [
    Omit<Vote, 'payloadHash' | 'branch'> & { readonly block_payload_hash: string },
  ];
};

type Vote = Pick<Ballot, 'kind'> & {
  readonly level: number;
  readonly round: number;
  readonly slot: number;
  readonly payloadHash: string;
  readonly branch: string;
};

/** Votes as the mempool showed them, each once. */
function recordedVotes(words: ReturnType<typeof recording>): readonly Vote[] {
  const operations = words
    .filter(({ stream }) => stream === 'operations')
    .flatMap(({ item }) => item as readonly Operation[])
    .filter(({ contents, error }) => /^(pre)?attestation$/.test(contents[0].kind) && !error);
  return operations.map(({ branch, contents: [vote] }) => ({
    ...vote,
    payloadHash: vote.block_payload_hash,
    branch,
  }));
}

/** Each vote once, sorted, of the levels and slots that are compared. */
function compared(votes: readonly Vote[], isCompared: (vote: Vote) => boolean): readonly string[] {
  const lines = votes
    .filter(isCompared)
    .map(vote =>
      [vote.level, vote.round, vote.kind, vote.slot, vote.payloadHash, vote.branch].join(' '),
    );
  return [...new Set(lines)].sort();
}

/** The slots of these keys at each level. */
function slotsOf(rows: readonly Row[], isOwn: (consensusKey: string) => boolean) {
  const slots = new Map<number, Set<number>>();
  for (const { path, status, body } of rows) {
    if (status !== 200 || !path.includes('/validators?level=')) continue;
    type Rights = {
      level: number;
      delegates: { attestation_slot: number; consensus_key: string }[];
    };
    for (const { level, delegates } of JSON.parse(body) as Rights[]) {
      const own = delegates.filter(({ consensus_key }) => isOwn(consensus_key));
      slots.set(level, new Set(own.map(({ attestation_slot }) => attestation_slot)));
    }
  }
  return slots;
}

const keysOf = () => shared(`${FOLDER}/keys.json`) as Keys;
/** The consensus keys that an octez-baker voted with; bootstrap3 votes with another key than its own. */
const bakersOf = (pattern: RegExp) =>
  keysOf()
    .filter(({ role, name }) => pattern.test(role) && name !== 'bootstrap3')
    .map(({ pkh }) => pkh);

function constants(): unknown {
  type Once = {
    readonly request: { readonly path: string };
    readonly response: { readonly body: string };
  };
  const rows = rowsOf('once') as readonly Once[];
  const once = rows.find(({ request }) => request.path.endsWith('/constants'));
  return JSON.parse(once?.response.body ?? 'null');
}

describe('on recorded blocks Meridian casts the votes that octez-baker cast', () => {
  testShared(
    `${FOLDER}/levels.ndjson`,
    'two bakers, all curves, levels 24 to 36 with missed rounds',
    content => {
      const recorded = content as readonly (Omit<Row, 'path'> & { readonly request: string })[];
      const rows = recorded.map(row => ({ ...row, path: row.request }));
      const own = bakersOf(/baker [AB]$|consensus key/);
      const words = recording({
        'monitor-heads': 'heads',
        'monitor-validated_blocks': 'validated_blocks',
        'mempool-monitor_operations-pass0': 'operations',
      });
      const { ballots, complaints } = run(
        words,
        answersOf(rows, keysOf(), constants()),
        own,
        false,
      );
      const slots = slotsOf(rows, key => own.includes(key));
      const isCompared = ({ level, slot }: Vote) =>
        level >= 24 && level <= 36 && slots.get(level)?.has(slot) === true;
      const cast = compared(ballots, isCompared);
      const octez = compared(recordedVotes(words), isCompared);
      expect(octez.length).toBeGreaterThan(150);
      expect(octez.filter(vote => !cast.includes(vote))).toEqual([]);
      // A baker that saw the quorum of a block has gone on to the next level and does not preattest the block again
      // when another one, who saw none, proposes it once more; we do.
      const again = cast.filter(vote => !octez.includes(vote)).map(vote => vote.slice(0, 7));
      expect([...new Set(again)]).toEqual(['28 1 pr', '29 2 pr', '33 2 pr']);
      expect(complaints).toEqual(['28/1 no_prequorum', '29/2 no_prequorum', '33/2 no_prequorum']);
    },
    60_000,
  );

  testShared(
    `${FOLDER}/rounds-locked-blocks.ndjson`,
    'a prequorum without a quorum, and its payload proposed again in rounds 2 and 5',
    content => {
      type Exchange = {
        readonly level: number;
        readonly request: { readonly path: string };
        readonly response: { readonly status: number; readonly body: string };
      };
      const recorded = content as readonly Exchange[];
      const rows = recorded.map(({ level, request, response }) => ({
        level,
        ...request,
        ...response,
      }));
      const own = bakersOf(/baker A$|consensus key/);
      const words = recording({
        'rounds-locked-stream-heads': 'heads',
        'rounds-locked-stream-validated': 'validated_blocks',
        'rounds-locked-stream-mempool-all': 'operations',
      });
      const { ballots, complaints } = run(words, answersOf(rows, keysOf(), constants()), own, true);
      const slots = slotsOf(rows, key => own.includes(key));
      // The block before level 191 is not recorded, so nothing can be verified below 192.
      const isCompared = ({ level, slot }: Vote) =>
        level >= 192 && slots.get(level)?.has(slot) === true;
      const cast = compared(ballots, isCompared);
      const octez = compared(recordedVotes(words), isCompared);
      expect(octez.length).toBeGreaterThan(20);
      expect(octez.filter(vote => !cast.includes(vote))).toEqual([]);
      const omitted = cast.filter(vote => !octez.includes(vote)).map(vote => vote.slice(0, 24));
      expect(omitted).toEqual(['193 2 preattestation 11 ']);
      expect(complaints).toEqual([]);
    },
    60_000,
  );
});
