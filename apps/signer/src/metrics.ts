import type { MetricRow } from '@meridian/service';
import { PROTOCOL_PROBLEMS } from '@meridian/signer-protocol';
import { KINDS, REFUSALS } from '@meridian/watermark';

/** What a signer counts. */
export const METRICS = {
  requests_total: {
    type: 'counter',
    help: 'Requests to sign, by kind and outcome.',
    labels: {
      kind: KINDS,
      outcome: ['signed', 'released', ...Object.keys(REFUSALS), ...Object.keys(PROTOCOL_PROBLEMS)],
    },
  },
  unsealed_votes_total: {
    type: 'counter',
    help: 'Attempts to store the signature of a vote that failed, by reason; below_mark is harmless, and so is fenced during a hand-over.',
    labels: { kind: KINDS, reason: [...Object.keys(REFUSALS), 'store_unavailable'] },
  },
} as const satisfies Record<string, MetricRow>;
