import {
  ADMINISTRATION_REFUSALS,
  type AdministrationRefusal,
} from '@meridian/watermark/administration';
import { INTERCHANGE_PROBLEMS, type InterchangeProblemCode } from '@meridian/watermark/interchange';

/** Why the service itself does not do what an operator asks; `status` is that of its answer over HTTP. */
const OWN_REFUSALS = {
  malformed: { status: 400, meaning: 'the request is not what the action takes' },
  unknown_action: { status: 404, meaning: 'there is no such action' },
  unknown_chain: { status: 404, meaning: 'this signer does not sign for that chain' },
  unknown_key: { status: 404, meaning: 'this signer does not hold that key' },
  store_unavailable: { status: 503, meaning: 'the store or the journal cannot be used now' },
  audit_unavailable: {
    status: 503,
    meaning: 'the audit file cannot be written, so nothing is done',
  },
  active_elsewhere: {
    status: 409,
    meaning: 'a row of the key is active; it would be used in two places',
  },
  import_beside_active: {
    status: 409,
    meaning:
      'rows that are active here remember what they signed; marks are imported into rows that stand by',
  },
  nothing_to_import: {
    status: 409,
    meaning: 'the file has no mark of a key and chain of this signer',
  },
  not_trusted: {
    status: 409,
    meaning: 'the file is signed by a key that is neither trusted for its site nor named by --from',
  },
  unknown_row: {
    status: 409,
    meaning: 'this signer was never told that it may use the row; adopt it under its epoch first',
  },
  other_site: { status: 409, meaning: 'the row belongs to another site than this signer does' },
  other_epoch: { status: 409, meaning: 'the row does not have the epoch that was named' },
  no_identity: { status: 409, meaning: 'an export is signed, and no identity is configured' },
  bad_evidence: { status: 409, meaning: 'what the nodes are said to agree on does not add up' },
  no_quorum: { status: 409, meaning: 'fewer edge nodes agree than are needed' },
  key_in_use: { status: 409, meaning: 'the key voted or baked in the last two cycles' },
  floor_below_head: {
    status: 409,
    meaning: 'the floor is not above the head that the nodes agree on',
  },
  floor_too_far: {
    status: 409,
    meaning:
      'more than a day above the horizon, and a floor never falls; --far says that it is meant',
  },
  epoch_too_far: {
    status: 409,
    meaning:
      'more than 1000 above the epochs of the rows, and an epoch never falls; --far says that it is meant',
  },
  horizon_goes_back: {
    status: 409,
    meaning: 'the nodes agree on a head below the one that was agreed on before',
  },
  no_horizon: {
    status: 409,
    meaning: 'no head was ever agreed on for this chain: name edge nodes',
  },
  too_few_operators: {
    status: 409,
    meaning: 'two operators of the configuration sign a statement, each for himself',
  },
  statement_expired: {
    status: 409,
    meaning: 'the chain is past the last level at which the statement holds',
  },
  other_subject: { status: 409, meaning: 'the statement is about another row, key, chain or site' },
  mistake: { status: 500, meaning: 'a mistake of our own; the log says more' },
} as const;

/** The code of a refused administrative action. */
export type AdminCode = keyof typeof OWN_REFUSALS | AdministrationRefusal | InterchangeProblemCode;

const REFUSED = 409;
const MALFORMED = 400;

/** Every reason not to do what an operator asks: its own, those of rows, and those of files. */
export const ADMIN_REFUSALS: Readonly<
  Record<AdminCode, { readonly status: number; readonly meaning: string }>
> = {
  ...withStatus(ADMINISTRATION_REFUSALS, REFUSED),
  ...withStatus(INTERCHANGE_PROBLEMS, MALFORMED),
  ...OWN_REFUSALS,
};

function withStatus<Code extends string>(
  meanings: Readonly<Record<Code, string>>,
  status: number,
): Record<Code, { status: number; meaning: string }> {
  const codes = Object.keys(meanings) as Code[];
  return Object.fromEntries(
    codes.map(code => [code, { status, meaning: meanings[code] }]),
  ) as Record<Code, { status: number; meaning: string }>;
}

/** The one error of administration. */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  readonly code: AdminCode;
  /** The part of the request that is to blame, such as `keys[0]`. */
  readonly field: string | undefined;

  constructor(code: AdminCode, why?: string, field?: string) {
    const { meaning } = ADMIN_REFUSALS[code];
    super(why === undefined ? meaning : `${meaning}: ${why}`);
    this.code = code;
    this.field = field;
  }
}
