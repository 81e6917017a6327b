import { createHash } from 'node:crypto';
import { fromBase58, fromHex, level, round, TezosError, toBase58, toHex } from '@meridian/tezos';
import { advance, KINDS, NO_MAX_LEVEL, signRequest } from '@meridian/watermark';
import type { Kind, Row, SignRequest } from '@meridian/watermark';
import { provision, takeOver } from '@meridian/watermark/administration';

/** A decision of another signer, as recorded. */
export type Step = {
  readonly payload?: string;
  readonly kind?: string;
  readonly chain_id?: string;
  readonly level?: number;
  readonly round?: number;
  readonly digest?: string;
  readonly decision: 'allow' | 'deny';
  readonly watermark_after?: Place;
};
export type Item = {
  readonly n: number;
  readonly signer: string;
  readonly setup: {
    readonly high_watermark?: Place;
    readonly stored?: Mark | Readonly<Record<string, Mark>> | null;
  };
  readonly steps: readonly Step[];
};
type Place = { readonly level: number; readonly round: number };
type Mark = Place & { readonly hash: string | null };

/** What the rule here decides on a step. */
export type Decision = {
  readonly item: number;
  readonly step: number;
  readonly signer: string;
  readonly asked: string;
  readonly there: Step['decision'];
  readonly here: Step['decision'];
  /** The mark afterwards. */
  readonly after: Place | undefined;
  readonly expectedAfter: Place | undefined;
};

/** What other signers call the kinds. */
export const KIND_NAMES: Readonly<Record<string, Kind>> = {
  block: 'block',
  Baking: 'block',
  preattestation: 'preattestation',
  Preendorsement: 'preattestation',
  attestation: 'attestation',
  attestation_with_dal: 'attestation',
  Endorsement: 'attestation',
};

const PKH = toBase58('tz1', new Uint8Array(20).fill(7));
const CHAIN = toBase58('chainId', Uint8Array.of(0x7a, 0x06, 0xa7, 0x70));
const HOLDER = { site: 'here', epoch: 1, incarnation: 'first', generation: 0 };

/** Asks the rule for every step of an item, over rows set up as the item says. */
export function decisionsOn(
  item: Item,
  payloads: Readonly<Record<string, { readonly hex: string }>>,
): readonly Decision[] {
  const isKindless = item.steps.every(({ kind }) => kind === undefined);
  // What is recorded of no kind holds for each.
  const readings = isKindless ? KINDS : [undefined];
  return readings.flatMap(kind => {
    const rows = new Map<string, Row>();
    return item.steps.map((step, at): Decision => {
      const request = requestOf(step, kind, payloads);
      const after = request && decide(rows, item, request);
      const what = step.kind ?? kind ?? '';
      const where =
        step.level === undefined ? '' : ` at level ${step.level}, round ${step.round ?? 0}`;
      return {
        ...{ item: item.n, step: at + 1, signer: item.signer },
        asked: `${what}${where}`,
        there: step.decision,
        here: after?.allowed === true ? 'allow' : 'deny',
        after: after?.row,
        expectedAfter: step.watermark_after,
      };
    });
  });
}

function decide(rows: Map<string, Row>, item: Item, request: SignRequest) {
  const name = `${request.chainId}/${request.kind}`;
  const row = rows.get(name) ?? rowOf(item, request);
  const outcome = advance(row, request);
  const next = outcome.ok ? outcome.value.row : row;
  rows.set(name, next);
  return { allowed: outcome.ok, row: next };
}

/** Undefined for what is no block and no vote: it never comes before the rule. */
function requestOf(
  step: Step,
  kind: Kind | undefined,
  payloads: Readonly<Record<string, { readonly hex: string }>>,
): SignRequest | undefined {
  const payload = step.payload === undefined ? undefined : payloads[step.payload];
  if (payload !== undefined) {
    try {
      return signRequest(PKH, fromHex(payload.hex), HOLDER);
    } catch (error) {
      if (error instanceof TezosError) return undefined;
      throw error;
    }
  }
  const asked = kind ?? KIND_NAMES[step.kind ?? ''];
  if (asked === undefined) throw new Error(`no kind is called ${step.kind ?? ''}`);
  // A step without a payload is one of its own.
  const digest = digestOf(step.digest ?? JSON.stringify(step));
  const place = { level: level(step.level), round: round(step.round ?? 0) };
  return {
    chainId: CHAIN,
    pkh: PKH,
    kind: asked,
    ...place,
    ...HOLDER,
    digest,
    bytes: null,
    seenSeq: null,
  };
}

/** An active row with the mark that the item sets up, or the lowest floor. */
function rowOf({ setup }: Item, { chainId, kind }: SignRequest): Row {
  const { high_watermark: shared, stored } = setup;
  const mark = shared ?? markOf(stored ?? null, kind);
  const floor = { level: level(mark?.level ?? 0), round: round(mark?.round ?? 0) };
  const fresh = granted(
    provision(undefined, { chainId, pkh: PKH, kind }, { ...HOLDER, epoch: 0 }, floor, 'new'),
  );
  const row = granted(
    takeOver(fresh, { ...HOLDER, by: 'first_use', maxLevel: NO_MAX_LEVEL, floor }),
  );
  const hash = mark !== undefined && 'hash' in mark ? (mark as Mark).hash : null;
  return hash === null ? row : { ...row, digest: digestOf(hash) };
}

function markOf(stored: Exclude<Item['setup']['stored'], undefined>, kind: Kind): Mark | undefined {
  if (stored === null) return undefined;
  return 'level' in stored ? (stored as Mark) : stored[kind];
}

/** A hash of Signatory is the digest in other letters; a placeholder of the recording stands for one. */
function digestOf(text: string): string {
  return text.startsWith('vh')
    ? toHex(fromBase58('payloadHash', text))
    : createHash('sha256').update(text).digest('hex');
}

function granted<Value>(
  outcome: { readonly ok: true; readonly value: Value } | { readonly ok: false },
): Value {
  if (!outcome.ok) throw new Error('a row could not be set up');
  return outcome.value;
}
