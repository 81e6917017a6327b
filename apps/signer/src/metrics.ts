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
  store_seconds: {
    type: 'histogram',
    help: 'Time until the mark of a request was durable, or refused.',
  },
  vault_seconds: { type: 'histogram', help: 'Time that the vault took for a signature.' },
  doubted_rows_total: {
    type: 'counter',
    help: 'Rows that were found to be something else than this signer knew, each time they were looked at.',
    labels: { kind: KINDS, reason: Object.keys(REFUSALS) },
  },
  audit_set_aside_total: {
    type: 'counter',
    help: 'Audit files whose end was damaged when they were opened, and that were set aside for a new one.',
  },
  audit_unavailable_total: {
    type: 'counter',
    help: 'Attempts to open the audit file that failed: the signer signs, loses the lines of its audit, and is not administered.',
  },
  unsealed_votes_total: {
    type: 'counter',
    help: 'Attempts to store the signature of a vote that failed, by reason; below_mark is harmless, and so is fenced during a hand-over.',
    labels: { kind: KINDS, reason: [...Object.keys(REFUSALS), 'store_unavailable'] },
  },
} as const satisfies Record<string, MetricRow>;
