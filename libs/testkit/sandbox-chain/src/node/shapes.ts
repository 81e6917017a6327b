import { assert } from '@meridian/prelude';
import type { Protocol } from '@meridian/tezos';

/** What the answers of one protocol look like, where protocols differ (protocol.md 8). */
export type Shape = {
  /** `helpers/validators`: one element a level, or one a delegate. */
  readonly validators: 'by_level' | 'flat';
  /** `consensus_power` in receipts: slots and baking power, or the number of slots. */
  readonly consensusPower: 'object' | 'integer';
  /** The name of the power in `helpers/attestation_rights`. */
  readonly rightsPower: 'attesting_power' | 'attestation_power';
  /** Whether block metadata has `attestations`, `preattestations` and the level at which all attest. */
  readonly quorumsInMetadata: boolean;
  /** Fields of block metadata after `liquidity_baking_toggle_ema`. */
  readonly metadataVotes: Readonly<Record<string, number>>;
  /** Constants of 025 that this protocol does not have. */
  readonly constantsWithout: readonly string[];
  /** Constants that this protocol has instead. */
  readonly constantsOwn: Readonly<Record<string, unknown>>;
};

const FROM_025 = [
  'cache_swrr_selected_distribution_cycles',
  'native_contracts_enable',
  'swrr_new_baker_lottery_enable',
  'tz5_account_enable',
];

const SINCE_024 = {
  validators: 'by_level',
  consensusPower: 'object',
  rightsPower: 'attesting_power',
  quorumsInMetadata: true,
  metadataVotes: {},
  constantsWithout: [],
  constantsOwn: {},
} as const satisfies Shape;

const SHAPES: Readonly<Record<string, Shape>> = {
  '023': {
    validators: 'flat',
    consensusPower: 'integer',
    rightsPower: 'attestation_power',
    quorumsInMetadata: false,
    metadataVotes: { adaptive_issuance_vote_ema: 0, adaptive_issuance_activation_cycle: 0 },
    constantsWithout: [...FROM_025, 'all_bakers_attest_activation_threshold'],
    constantsOwn: { all_bakers_attest_activation_level: null },
  },
  '024': { ...SINCE_024, constantsWithout: FROM_025 },
  '025': SINCE_024,
  alpha: { ...SINCE_024, constantsWithout: ['aggregate_attestation', 'allow_tz4_delegate_enable'] },
};

/** The shapes of a protocol; only those with full support have one. */
export function shapeOf(protocol: Protocol): Shape {
  const shape = SHAPES[protocol.number];
  assert(shape !== undefined, `the sandbox does not speak protocol ${protocol.number}`);
  return shape;
}
