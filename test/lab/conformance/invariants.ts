import { isDeepStrictEqual } from 'node:util';
import type { Case, CaseFile } from './case-file.ts';
import { isObject, jsonOf } from './expectations.ts';
import { heldKeys } from './house.ts';
import { sentOf, type Exchanged, type Player } from './play.ts';
import type { Stage } from './stage.ts';
import { subjectOf } from './subject.ts';

/** What an invariant is held against. */
export type Played = {
  readonly file: CaseFile;
  readonly theCase: Case;
  readonly stage: Stage;
  readonly player: Player;
  /** Of the steps or of what was asked at once, without what followed a fault. */
  readonly exchanged: readonly Exchanged[];
  readonly before: Measures;
  readonly after: Measures;
};

/** What is measured before and after a case; undefined against a signer that does not tell. */
export type Measures = {
  readonly marks: readonly string[] | undefined;
  /** How often vaults were asked, as their metrics count. */
  readonly vaultCalls: number | undefined;
  readonly residentBytes: number | undefined;
};

type Invariant = {
  readonly says: RegExp;
  readonly holds: (played: Played) => Found | Promise<Found>;
};
type Found = string | undefined;

const MIB = 1_048_576;
const answers = ({ exchanged }: Played) => exchanged.map(({ reply }) => reply);
const signatures = (played: Played): readonly unknown[] =>
  answers(played).flatMap(({ status, body }) => {
    const json = jsonOf(body);
    return status === 200 && isObject(json) ? [json['signature']] : [];
  });

/**
 * Invariants in the words of case files, and how each is checked. What is said in other words, or of things that the
 * expected answers and the oracles over all signatures hold anyway, has no row.
 */
export const INVARIANTS: readonly Invariant[] = [
  {
    says: /watermark (is )?unchanged|no watermark (change|row)/i,
    holds: ({ before, after }) =>
      isDeepStrictEqual(before.marks, after.marks) ? undefined : 'the watermark changed',
  },
  {
    says: /no vault call/i,
    holds: ({ before, after }) =>
      before.vaultCalls === after.vaultCalls ? undefined : 'the vault was asked',
  },
  { says: /hashes, never full keys/i, holds: played => foundIn(played, /"(edpk|sppk|p2pk|BLpk)/) },
  {
    says: /no stack trace/i,
    holds: played => foundIn(played, /\bat \S+ \(|\.ts:\d|node:internal/),
  },
  {
    says: /no hint about other keys/i,
    holds: played => {
      const asked = new Set(played.exchanged.map(({ sent }) => sent.path.split('/').at(-1)));
      const others = heldKeys(played.file.keys).map(({ public_key_hash: pkh }) => pkh);
      const shown = others.find(
        pkh => !asked.has(pkh) && answers(played).some(({ body }) => body.includes(pkh)),
      );
      return shown && `an answer names ${shown}`;
    },
  },
  {
    says: /array of pkh/i,
    holds: played =>
      answers(played).every(({ body }) => {
        const json = jsonOf(body);
        const listed = isObject(json) ? json['known_keys'] : undefined;
        return Array.isArray(listed) && listed.length > 0 && listed.every(isAddress);
      })
        ? undefined
        : 'known_keys is no list of addresses',
  },
  {
    says: /response content-type application\/json/i,
    holds: played =>
      answers(played).every(({ headers }) =>
        /^application\/json\b/.test(headers['content-type'] ?? ''),
      )
        ? undefined
        : 'an answer is not application/json',
  },
  {
    says: /allow header lists/i,
    holds: played => {
      const [, list = ''] = /allow header lists ([A-Z, ]+)/i.exec(played.theCase.invariant) ?? [];
      const wanted = list.split(/[, ]+/).filter(Boolean);
      const lacks = answers(played).find(
        ({ headers }) => !wanted.every(method => (headers['allow'] ?? '').includes(method)),
      );
      return lacks && `the Allow header is "${lacks.headers['allow'] ?? ''}"`;
    },
  },
  {
    says: /connection (is )?closed/i,
    holds: async played => {
      const closes = await Promise.all(answers(played).map(reply => reply.closes()));
      return closes.every(Boolean) ? undefined : 'the connection stays open';
    },
  },
  { says: /limit \d+ KiB/i, holds: chunkedToo },
  {
    says: /RSS does not grow/i,
    holds: ({ before, after, exchanged }) => {
      const sent = Math.max(...exchanged.map(({ sent: { body } }) => body?.length ?? 0));
      const grown = (after.residentBytes ?? 0) - (before.residentBytes ?? 0);
      return grown < sent ? undefined : `memory grew by ${Math.round(grown / MIB)} MiB`;
    },
  },
  {
    says: /idempotent|same signature bytes|equal bytes/i,
    holds: played =>
      new Set(signatures(played)).size <= 1 ? undefined : 'there are several signatures',
  },
  {
    says: /one digest|size 1 per/i,
    holds: played => (played.player.released.count > 0 ? undefined : 'nothing was signed at all'),
  },
  { says: /strictly increasing/i, holds: marksAreLast },
  { says: /separate port/i, holds: onOtherPort },
];

function foundIn(played: Played, pattern: RegExp): Found {
  const shown = answers(played).find(({ body }) => pattern.test(body));
  return shown && `an answer shows what it should not: ${shown.body}`;
}

function isAddress(one: unknown): boolean {
  return typeof one === 'string' && /^tz[1-4]\w{33}$/.test(one);
}

/** A limit that is read from `content-length` alone would let in what octez-client sends, which has none. */
async function chunkedToo({ theCase, file, stage, player }: Played): Promise<Found> {
  const [step] = theCase.steps ?? [];
  if (step === undefined) return undefined;
  const { headers, ...sent } = sentOf(step.request, file);
  const inChunks = { ...sent, headers: { ...headers, 'transfer-encoding': 'chunked' } };
  const { status } = await player.send(await stage.next(), inChunks);
  return step.expect.status.some(one => one === status) ? undefined : `in chunks it gets ${status}`;
}

/** Nothing above the mark was signed, and the mark is the last position that was: so positions only rose. */
function marksAreLast({ after, exchanged, theCase }: Played): Found {
  if (after.marks === undefined) return undefined;
  const signed = exchanged
    .filter(({ reply }) => reply.status === 200)
    .flatMap(({ sent: { body } }) => subjectOf(Buffer.from(hexOf(body), 'hex')) ?? []);
  const marks = after.marks.flatMap(text => {
    const json = jsonOf(text.replace(/^\d+ /, ''));
    return isObject(json)
      ? (json['marks'] as { kind: string; level: number; round: number }[])
      : [];
  });
  const { floor } = theCase.config;
  const wrong = signed.find(
    ({ kind, level, round }) =>
      !marks.some(
        mark =>
          mark.kind === kind &&
          (mark.level > level || (mark.level === level && mark.round >= round)) &&
          (isAt(mark, floor) || signed.some(one => one.kind === kind && isAt(mark, one))),
      ),
  );
  return wrong && `a ${wrong.kind} of level ${wrong.level} was signed, and its mark is elsewhere`;
}

type Position = { readonly level: number; readonly round: number };

function isAt(mark: Position, other: Position | null | undefined): boolean {
  return other?.level === mark.level && other.round === mark.round;
}

function hexOf(body: Buffer | undefined): string {
  const text = body === undefined ? undefined : jsonOf(body.toString());
  return typeof text === 'string' ? text : '';
}

async function onOtherPort({ stage, player, exchanged }: Played): Promise<Found> {
  if (stage.own === undefined) return undefined;
  for (const { sent } of exchanged) {
    const { status } = await player.look(await stage.next(), sent);
    if (status !== 404) return `the port for signatures answers ${sent.path} with ${status}`;
  }
  return undefined;
}
