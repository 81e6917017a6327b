import type { ProtocolHash } from './base58-kinds.ts';

/** How the byte after the seed-nonce hash of a block header is read. */
export type HeaderVotes = 'escape' | 'toggle' | 'toggle-and-adaptive';

/** What Meridian knows of a protocol. */
export type Protocol = {
  readonly hash: ProtocolHash;
  /** The number of the source folder; `alpha` is the development protocol. */
  readonly number: string;
  /** The name before the dot of an octez-codec encoding. */
  readonly codec: string;
  readonly headerVotes: HeaderVotes;
  /** `full`: voting and baking on any chain. `votes-only`: old rows, never used on mainnet. */
  readonly support: 'full' | 'votes-only';
};

/**
 * Every protocol with Tenderbake, newest last. A row is added here and nowhere else.
 * Source of the header layouts: proto_<number>_<name>/lib_protocol/block_header_repr.ml and
 * per_block_votes_repr.ml; 012, 014, 015, 020, 024 and 025 are confirmed by recorded block hashes, 023 by octez-codec.
 */
export const PROTOCOLS: readonly Protocol[] = [
  row('012', 'Psithaca2MLRFYargivpo7YvUr7wUDqyxrdhC5CQq78mRvimz6A', 'escape', 'votes-only'),
  row('013', 'PtJakart2xVj7pYXJBXrqHgd82rdkLey5ZeeGwDgPp9rhQUbSqY', 'toggle', 'votes-only'),
  row('014', 'PtKathmankSpLLDALzWw7CGD2j2MtyveTwboEYokqUCP4a1LxMg', 'toggle', 'votes-only'),
  row('015', 'PtLimaPtLMwfNinJi9rCfDPWea8dFgTZ1MeJ9f1m2SRic6ayiwW', 'toggle', 'votes-only'),
  row('016', 'PtMumbai2TmsJHNGRkD8v8YDbtao7BLUC3wjASn1inAKLFCjaH1', 'toggle', 'votes-only'),
  row('017', 'PtNairobiyssHuh87hEhfVBGCVrK3WnS8Z2FT4ymB5tAa4r1nQf', 'toggle', 'votes-only'),
  row(
    '018',
    'ProxfordYmVfjWnRcgjWH36fW6PArwqykTFzotUxRs6gmTcZDuH',
    'toggle-and-adaptive',
    'votes-only',
  ),
  row(
    '019',
    'PtParisBxoLz5gzMmn3d9WBQNoPSZakgnkMC2VNuQ3KXfUtUQeZ',
    'toggle-and-adaptive',
    'votes-only',
  ),
  row(
    '020',
    'PsParisCZo7KAh1Z1smVd9ZMZ1HHn5gkzbM94V3PLCpknFWhUAi',
    'toggle-and-adaptive',
    'votes-only',
  ),
  row(
    '021',
    'PsQuebecnLByd3JwTiGadoG4nGWi3HYiLXUjkibeFV8dCFeVMUg',
    'toggle-and-adaptive',
    'votes-only',
  ),
  row(
    '022',
    'PsRiotumaAMotcRoDWW1bysEhQy2n1M5fy8JgRp8jjRfHGmfeA7',
    'toggle-and-adaptive',
    'votes-only',
  ),
  row('023', 'PtSeouLouXkxhg39oWzjxDWaCydNfR3RxCUrNe4Q9Ro8BTehcbh', 'toggle-and-adaptive', 'full'),
  row('024', 'PtTALLiNtPec7mE7yY4m3k26J8Qukef3E3ehzhfXgFZKGtDdAXu', 'toggle', 'full'),
  row('025', 'PsUshuai9QapM5TGj1JpuVGkdxz5GykdnEvS6Rh8SUVrARvZLCY', 'toggle', 'full'),
  row('alpha', 'ProtoALphaALphaALphaALphaALphaALphaALphaALphaDdp3zK', 'toggle', 'full'),
];

function row(
  number: string,
  hash: string,
  headerVotes: HeaderVotes,
  support: Protocol['support'],
): Protocol {
  const codec = number === 'alpha' ? number : `${number}-${hash.slice(0, 8)}`;
  return { number, hash: hash as ProtocolHash, codec, headerVotes, support };
}

/** The row of a protocol hash; undefined for one that Meridian does not know. */
export function protocolByHash(hash: string): Protocol | undefined {
  return PROTOCOLS.find(protocol => protocol.hash === hash);
}

/** The row of an octez-codec protocol name such as `025-PsUshuai`. */
export function protocolByCodec(codec: string): Protocol | undefined {
  return PROTOCOLS.find(protocol => protocol.codec === codec);
}
