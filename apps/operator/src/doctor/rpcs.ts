import { operationHashesPath, participationPath, pathOf } from '@meridian/chain-view';
import { INJECTION_PATH, STREAMS, WARMING_PATH } from '@meridian/node-pool';
import type { BlockHash, Level, PublicKeyHash } from '@meridian/tezos';
import { inTurns, whyNot, type Probe, type Question, type Reply } from './probe.ts';

/** The block at which paths are tried, and a key if there is one. */
export type TriedAt = {
  readonly hash: string;
  readonly level: number;
  readonly key: string | undefined;
};

/** An RPC of a node that Meridian uses, and how to try it without doing anything. */
type Rpc = {
  readonly name: string;
  readonly path: string;
  readonly how: Question;
  /** Answers that show that the RPC is there; an address that is no delegate, or no operation, may be refused. */
  readonly isServed: (reply: Reply) => boolean;
};

const answers = (reply: Reply): boolean => reply.kind === 'answer';
const answersOrComplains = (reply: Reply): boolean =>
  answers(reply) || (reply.kind === 'status' && (reply.status === 400 || reply.status === 500));
/** Nothing in hexadecimal: a node says that it cannot parse the operation. */
const NO_OPERATION = '""';

/** Every RPC that the daemons use, from where they take their paths themselves. */
function rpcsAt({ hash, level, key }: TriedAt): readonly Rpc[] {
  const block = hash as BlockHash;
  const read = (name: string, path: string, isServed = answers): Rpc => ({
    ...{ name, path, isServed, how: {} },
  });
  const address = key as PublicKeyHash;
  const ofKey = { kind: 'key', delegate: address, consensusKey: address } as const;
  return [
    ...Object.entries(STREAMS).map(([name, { path }]): Rpc => ({
      ...{ name: `stream ${name}`, path, isServed: answers, how: { wants: 'open' } },
    })),
    read('protocols', pathOf({ kind: 'protocols', hash: block })),
    read('constants', pathOf({ kind: 'constants', hash: block })),
    read('rights', pathOf({ kind: 'rights', level: (level + 1) as Level })),
    read('header', pathOf({ kind: 'header', hash: block })),
    read('operations', pathOf({ kind: 'operations', hash: block })),
    read('operation hashes', operationHashesPath(block)),
    ...(key === undefined
      ? []
      : [
          read('consensus key', pathOf(ofKey), answersOrComplains),
          read('participation', participationPath(block, address), answersOrComplains),
        ]),
    read('version', WARMING_PATH),
    {
      ...{ name: 'injection', path: INJECTION_PATH, isServed: answersOrComplains },
      how: { method: 'POST', body: NO_OPERATION },
    },
  ];
}

/** What of the RPC a node does not serve to us. */
export type Tried = {
  readonly count: number;
  readonly missing: readonly {
    readonly name: string;
    readonly path: string;
    readonly why: string;
  }[];
};

const AT_ONCE_MAX = 4;

/** Tries every RPC at one node. */
export async function tryRpcs(probe: Probe, at: TriedAt): Promise<Tried> {
  const rpcs = rpcsAt(at);
  const replies = await inTurns(rpcs, AT_ONCE_MAX, async rpc => ({
    rpc,
    reply: await probe(rpc.path, rpc.how),
  }));
  const missing = replies
    .filter(({ rpc, reply }) => !rpc.isServed(reply))
    .map(({ rpc: { name, path }, reply }) => ({
      ...{ name, path: path.split('?')[0] ?? path },
      why: reply.kind === 'answer' ? 'an unexpected answer' : whyNot(reply),
    }));
  return { count: rpcs.length, missing };
}
