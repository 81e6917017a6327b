import { expect, test } from 'vitest';
import { assert, duration, instant } from '@meridian/prelude';
import { PROTOCOLS } from '@meridian/tezos';
import { verify } from '@meridian/tezos/crypto';
import { blockSignBytes, encode, unsignedBlockHeader, voteModeOf } from '@meridian/tezos/forge';
import { voteSignBytes, type Unsigned, type Vote } from '@meridian/tezos/forge';
import { createChain, type ChainBlock, type ChainEvent } from './index.ts';
import { lensOf, type SandboxChain, type Seat } from './index.ts';

/** A chain with robots of every curve. */
function robots(): SandboxChain {
  const protocol = PROTOCOLS.find(({ number }) => number === '025');
  assert(protocol !== undefined, '025 is known');
  return createChain({
    ...{ seed: 3, protocol, genesisTime: instant(1_800_000_000_000), committeeSize: 64 },
    ...{ blocksPerCycle: 8, allBakersAttest: false, guests: [], script: [] },
    ...{ minimalBlockDelay: duration(1_000), delayIncrementPerRound: duration(1_000) },
    robots: { tz1: 1, tz2: 1, tz3: 1, tz4: 1 },
    latency: { min: duration(5), max: duration(20) },
  });
}

function ownerOf(chain: SandboxChain, { level, round }: ChainBlock): Seat {
  const seat = chain.rights(level).seats.find(({ rounds }) => rounds.includes(round));
  assert(seat !== undefined, 'every round has an owner');
  return seat;
}

function isSigned(chain: SandboxChain, block: ChainBlock): boolean {
  const { signature, ...unsigned } = block.header;
  const bytes = encode(unsignedBlockHeader(chain.options.protocol), unsigned);
  const { consensusKey } = ownerOf(chain, block);
  return verify(consensusKey, signature, blockSignBytes(chain.chainId, bytes));
}

function isSignedVote(chain: SandboxChain, event: ChainEvent): boolean {
  assert(event.kind === 'operation', 'a vote is an operation');
  const { signature, ...unsigned } = event.operation.value;
  const [vote] = unsigned.contents;
  assert('slot' in vote && 'level' in vote && signature !== undefined, 'a robot votes');
  const { seats } = chain.rights(vote.level);
  const seat = seats.find(({ attestationSlot }) => attestationSlot === vote.slot);
  assert(seat !== undefined, 'the vote has a seat');
  const operation = unsigned as Unsigned<Vote>;
  const bytes = voteSignBytes(chain.chainId, operation, voteModeOf(seat.consensusKey));
  return verify(seat.consensusKey, signature, bytes);
}

test('what an honest node tells is signed by whom it should be, and nothing that a liar tells', () => {
  const chain = robots();
  const lens = lensOf(chain);
  const told = { honest: new Set<string>(), lies: new Set<string>() };
  while (chain.head().level < 4) {
    const events = chain.advanceTo(chain.nextWake());
    for (const lying of [false, true]) {
      lens.lie(lying);
      for (const event of lens.events(events)) {
        const signed =
          event.kind === 'operation' ? isSignedVote(chain, event) : isSigned(chain, event.block);
        expect(signed, `${event.kind}, ${lying ? 'a lie' : 'honest'}`).toBe(!lying);
        (lying ? told.lies : told.honest).add(event.kind);
      }
    }
  }
  expect([...told.lies].sort()).toEqual(['head', 'operation', 'validated']);
  expect(told.lies).toEqual(told.honest);
});

test('a forged block can be asked for, and an honest one still', () => {
  const chain = robots();
  const lens = lensOf(chain);
  lens.lie(true);
  let forged: ChainBlock | undefined;
  while (forged === undefined) {
    const events = lens.events(chain.advanceTo(chain.nextWake()));
    forged = events.find(event => event.kind === 'head')?.block;
  }
  expect(lens.chain.block(forged.hash)).toEqual(forged);
  expect(chain.block(forged.hash)).toBeUndefined();
  expect(lens.chain.block(chain.head().hash)).toBe(chain.head());
});
