import { assert, duration, instant, later, type Instant } from '@meridian/prelude';
import { level, round, slot, toBase58, toHex } from '@meridian/tezos';
import type { BlockHash, PublicKey, SecretKey } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed, sign } from '@meridian/tezos/crypto';
import { attachSignature, encode, unsignedOperation, voteModeOf } from '@meridian/tezos/forge';
import { voteSignBytes, type Unsigned, type Vote, type VoteMode } from '@meridian/tezos/forge';
import {
  createChain,
  type ChainBlock,
  type SandboxChain,
  type Seat,
} from '@meridian/sandbox-chain';
import { protocolOf } from '../vectors/codec.ts';

/** Somebody who votes from outside. */
type Guest = { readonly secret: SecretKey; readonly key: PublicKey };

/** A sandbox in the middle of a level, with two guests that have not voted yet. */
export type Scene = {
  readonly chain: SandboxChain;
  readonly now: Instant;
  /** The round that votes name unless they say another: nobody has voted on it. */
  readonly round: number;
  readonly tz1: Guest;
  readonly tz4: Guest;
};

const protocol = protocolOf('025');
const GENESIS = instant(1_800_000_000_000);

function guestOf(address: 'tz1' | 'tz4', fill: number): Guest {
  const secret = secretKeyOfSeed(address, new Uint8Array(32).fill(fill));
  return { secret, key: publicKeyOf(secret) };
}

/** Lets a chain run up to a level, and half a second into it. */
export function sceneAt(levelWanted: number): Scene {
  const tz1 = guestOf('tz1', 21);
  const tz4 = guestOf('tz4', 22);
  const chain = createChain({
    ...{ seed: 5, protocol, genesisTime: GENESIS, committeeSize: 256, blocksPerCycle: 8 },
    ...{ minimalBlockDelay: duration(2_000), delayIncrementPerRound: duration(1_000) },
    ...{ allBakersAttest: false, robots: { tz1: 6, tz2: 0, tz3: 0, tz4: 0 }, script: [] },
    guests: [tz1, tz4].map(({ key }) => ({
      ...{ delegate: publicKeyHashOf(key), consensusKey: key, stake: 100 },
    })),
    latency: { min: duration(5), max: duration(20) },
  });
  let now = GENESIS;
  while (chain.head().level < levelWanted) {
    now = chain.nextWake();
    chain.advanceTo(now);
  }
  now = later(now, duration(500));
  chain.advanceTo(now);
  return { chain, now, round: 0, tz1, tz4 };
}

/** What a vote says otherwise than a right one. */
export type Change = {
  readonly kind?: 'preattestation' | 'attestation';
  readonly slot?: number;
  readonly levelsLater?: number;
  readonly round?: number;
  readonly branch?: BlockHash;
  readonly payload?: number;
  readonly dal?: string;
  readonly mode?: VoteMode;
  readonly watermark?: number;
  readonly by?: 'tz1' | 'tz4';
};

/** A vote for the head, signed; its unsigned bytes and its signature apart. */
export function voteOf(
  scene: Scene,
  change: Change = {},
): { readonly unsigned: Uint8Array; readonly signed: Uint8Array } {
  const { chain } = scene;
  const { secret, key } = scene[change.by ?? 'tz1'];
  const head = chain.head();
  const at = head.level + (change.levelsLater ?? 0);
  const content = {
    kind: change.dal === undefined ? (change.kind ?? 'attestation') : 'attestation_with_dal',
    slot: slot(change.slot ?? seatOf(chain, at, key).attestationSlot),
    level: level(at),
    round: round(change.round ?? scene.round),
    block_payload_hash:
      change.payload === undefined
        ? head.payloadHash
        : toBase58('payloadHash', new Uint8Array(32).fill(change.payload)),
    ...(change.dal === undefined ? {} : { dal_attestation: change.dal }),
  } as Vote;
  const operation: Unsigned<Vote> = {
    branch: change.branch ?? ancestor(chain, 2).hash,
    contents: [content],
  };
  const unsigned = encode(unsignedOperation(protocol), operation);
  const payload = voteSignBytes(chain.chainId, operation, change.mode ?? voteModeOf(key));
  if (change.watermark !== undefined) payload[0] = change.watermark;
  return { unsigned, signed: attachSignature(unsigned, sign(secret, payload)) };
}

/** The seat of a key at a level. */
export function seatOf(chain: SandboxChain, at: number, key: PublicKey): Seat {
  const seat = chain.rights(at).seats.find(({ consensusKey }) => consensusKey === key);
  assert(seat !== undefined, 'a guest with a seventh of the stake has a slot of 256');
  return seat;
}

/** A block of the main chain so many levels before the head. */
export function ancestor(chain: SandboxChain, count: number): ChainBlock {
  const block = chain.atLevel(chain.head().level - count);
  assert(block !== undefined, 'the chain is long enough');
  return block;
}

/** The body of an injection. */
export function bodyOf(bytes: Uint8Array): string {
  return JSON.stringify(toHex(bytes));
}
