import type { Case, Expectation, Status } from './case-file.ts';
import { requestsOf } from './case-file.ts';

/** How a signer that runs somewhere differs from what the cases expect (signer.md, notes of part F and part G). */
export type Profile = {
  readonly meaning: string;
  /** What it answers in the place of a status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** The statuses whose body is a trace of errors. */
  readonly tracesIn: (status: number) => boolean;
  /** Cases that are not run, and why. */
  readonly skips: Readonly<Record<string, string>>;
  /** Cases that fail, and why. */
  readonly failures: Readonly<Record<string, string>>;
};

const OCTEZ_STATUS = 500;
const everywhere = (): boolean => true;

const NO_MARK = 'it takes the first request of a key without a mark';
const NO_CHECK = 'it does not look at this part of the bytes (A.8)';
const NO_VERSIONS = 'it takes every unknown version for the latest (A.5)';

/** The signers that are known. */
export const PROFILES = {
  meridian: {
    meaning: 'this signer',
    statuses: {},
    tracesIn: everywhere,
    skips: {},
    failures: {},
  },
  octez: {
    meaning: 'octez-signer launch http signer -W -M 0x11,0x12,0x13, with the keys of the file',
    statuses: { 401: OCTEZ_STATUS, 403: OCTEZ_STATUS, 409: OCTEZ_STATUS },
    // A trace in a 400 is text there, and a 404 is empty (G).
    tracesIn: status => status === OCTEZ_STATUS,
    skips: {
      S55: 'it would sign, and its mark would be beyond every level (A.8)',
    },
    failures: {
      S08: 'POST for an unknown key is 500 (G)',
      S17: 'a media type with a charset is 415 (A.2)',
      S26: 'the Allow header names POST alone (G 7)',
      S47: NO_CHECK,
      S48: NO_CHECK,
      S49: NO_CHECK,
      S52: NO_CHECK,
      S53: NO_CHECK,
      S54: NO_CHECK,
      S58: NO_CHECK,
      S60: NO_CHECK,
      S62: NO_CHECK,
      S93: NO_MARK,
    },
  },
  signatory: {
    meaning: 'Signatory, with the keys of the file',
    statuses: {},
    tracesIn: () => false,
    skips: {},
    failures: {
      S12: 'it has no known_keys (D)',
      S15: 'it proves possession of its own key alone (F)',
      S24: NO_VERSIONS,
      S38: 'it has no limit of a body (F)',
      S73: 'with the aws and gcp stores it signs nothing twice (F)',
      S93: NO_MARK,
    },
  },
} as const satisfies Record<string, Profile>;

export type ProfileName = keyof typeof PROFILES;

/** Why a case is not run against a signer that was set up by somebody else; undefined when it is run. */
export function whySkipped(theCase: Case, { skips }: Profile): string | undefined {
  return skips[theCase.id] ?? SET_UPS.find(({ needed }) => needed(theCase))?.why;
}

/** What a case needs that only who starts a signer can give. */
const SET_UPS: readonly { readonly why: string; readonly needed: (theCase: Case) => boolean }[] = [
  { why: 'a fault has to be brought about', needed: ({ fault }) => fault !== undefined },
  { why: 'several signers are asked at once', needed: ({ parallel }) => parallel !== undefined },
  {
    why: 'the signer has to ask for authentication',
    needed: ({ config }) => config.require_authentication,
  },
  { why: 'keys have to be listed', needed: ({ config }) => config.allow_list_known_keys },
  { why: 'possession has to be proved', needed: ({ config }) => config.allow_to_prove_possession },
  {
    why: 'its health is on another port, or nowhere',
    needed: theCase => requestsOf(theCase).some(({ path }) => /^\/(healthz|readyz)\b/.test(path)),
  },
  {
    why: 'a fresh floor is needed, since something is signed',
    needed: ({ config, steps = [] }) =>
      config.floor !== undefined && steps.some(({ expect }) => expect.status.includes(200)),
  },
  { why: 'a key without a row is needed', needed: ({ config }) => config.floor === null },
];

/** A case as it is expected of such a signer. */
export function adapted(theCase: Case, { statuses, tracesIn }: Profile): Case {
  const { steps } = theCase;
  if (steps === undefined) return theCase;
  const mapped = (status: Status): Status =>
    typeof status === 'number' ? (statuses[status] ?? status) : status;
  const expectation = ({ trace, trace_id: id, ...rest }: Expectation): Expectation => {
    const status = [...new Set(rest.status.map(mapped))];
    const isTraced = status.every(one => typeof one === 'number' && tracesIn(one));
    return {
      ...rest,
      status,
      ...(isTraced && trace !== undefined ? { trace } : {}),
      ...(isTraced && id !== undefined ? { trace_id: id } : {}),
    };
  };
  return {
    ...theCase,
    steps: steps.map(({ request, expect }) => ({ request, expect: expectation(expect) })),
  };
}
