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
} as const satisfies Record<string, MetricRow>;
