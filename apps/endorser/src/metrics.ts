import { MISS_REASONS, UNDECIDED } from '@meridian/attribution';
import { NODE_FAULTS, RESTARTS } from '@meridian/chain-view';
import type { MetricRow } from '@meridian/service';
import { ABSTENTIONS } from '@meridian/tenderbake';

const KINDS = ['preattestation', 'attestation'];

/** What an endorser counts. */
export const METRICS = {
  votes_total: { type: 'counter', help: 'Votes handed to the nodes.', labels: { kind: KINDS } },
  unsigned_total: {
    type: 'counter',
    help: 'Votes that no signer signed.',
    labels: { kind: KINDS },
  },
  abstentions_total: {
    type: 'counter',
    help: 'Blocks that a slot did not vote on, by reason.',
    labels: { reason: Object.keys(ABSTENTIONS) },
  },
  rights_total: {
    type: 'counter',
    help: 'Own rights by what became of them, known two blocks after the one that should have the vote.',
    labels: {
      outcome: ['attested', 'missed', 'undecided'],
      reason: ['own', 'shared', ...Object.keys(MISS_REASONS), ...Object.keys(UNDECIDED)],
    },
  },
  node_faults_total: {
    type: 'counter',
    help: 'What nodes said and was not believed, by reason.',
    labels: { reason: Object.keys(NODE_FAULTS) },
  },
  stream_restarts_total: {
    type: 'counter',
    help: 'Streams that were given up as half-open and opened anew, by node and reason.',
    labels: { node: 'configured', reason: Object.keys(RESTARTS) },
  },
  block_to_preattestation_seconds: {
    type: 'histogram',
    help: 'From a block that was seen to its preattestation handed to the first node.',
  },
  prequorum_to_attestation_seconds: {
    type: 'histogram',
    help: 'From the last vote of a prequorum to the attestation handed to the first node; its check included.',
  },
  start_to_first_vote_seconds: {
    type: 'gauge',
    help: 'From the first word of a node, or the timestamp of the block where that is later, to the first vote of this process handed to a node.',
  },
  protocol_unknown: {
    type: 'gauge',
    help: '1 where the blocks to come are of a protocol that this version does not know.',
  },
  recordings_lost_total: {
    type: 'counter',
    help: 'Recordings that were given up, since their disk was full or slow; one is begun anew after a minute.',
  },
  level: { type: 'gauge', help: 'Level of the latest block that was verified.' },
} as const satisfies Record<string, MetricRow>;
