import { expect, test } from 'vitest';
import { instant } from '@meridian/prelude';
import { publicKeyHashOf } from '@meridian/tezos/crypto';
import { SEATS } from '@meridian/sandbox-chain/hand';
import { readWords, type Words } from './options.ts';

const [KEY = '', OTHER = ''] = SEATS.map(({ consensusKey }) => consensusKey);
const NOW = instant(1_800_000_000_001);

const WORDS: Words = {
  ...{ nodes: '5', startIn: '0', blockTime: '1', guest: [], protocol: '025', seed: '1', fault: [] },
  ...{
    controlPort: '0',
    portBase: '0',
    readyFd: '1',
    allBakersAttest: false,
    robotStake: '100',
    script: [],
    activate: [],
  },
};

function read(words: Partial<Words>): ReturnType<typeof readWords> {
  return readWords({ ...WORDS, ...words }, NOW);
}

test('a chain begins at a whole second, with rounds of whole seconds', () => {
  const { chain } = read({ blockTime: '5' });
  expect(chain.genesisTime).toBe(1_800_000_001_000);
  expect(chain.minimalBlockDelay).toBe(5_000);
  expect(chain.delayIncrementPerRound).toBe(3_000);
});

test('a guest is a public key with a stake or without', () => {
  const { chain } = read({ guest: [KEY, `${OTHER}:7`] });
  const delegate = publicKeyHashOf(chain.guests[0]?.consensusKey ?? (KEY as never));
  expect(chain.guests).toMatchObject([
    { delegate, stake: 100 },
    { consensusKey: OTHER, stake: 7 },
  ]);
});

test('trouble is scripted by its name, numbers and level', () => {
  const script = ['reorg@12', 'missed-round@5', 'missed-round:3@6', 'forbidden:1@7'];
  expect(read({ script, guest: [KEY] }).chain.script).toEqual([
    { level: 12, kind: 'reorganisation' },
    { level: 5, kind: 'missed_rounds', rounds: 1 },
    { level: 6, kind: 'missed_rounds', rounds: 3 },
    { level: 7, kind: 'forbidden', guest: 1, levels: 1 },
  ]);
});

test('a protocol goes by its number, name or hash', () => {
  const hash = 'PtSeouLouXkxhg39oWzjxDWaCydNfR3RxCUrNe4Q9Ro8BTehcbh';
  for (const protocol of ['023', '023-PtSeouLo', hash]) {
    expect(read({ protocol }).chain.protocol.hash).toBe(hash);
  }
});

test('protocols follow one another at levels', () => {
  const { chain } = read({ protocol: '023', activate: ['024@12', '025@30'] });
  expect(chain.activations).toMatchObject([
    { level: 12, protocol: { number: '024' } },
    { level: 30, protocol: { number: '025' } },
  ]);
});

test('what cannot be is refused by the name of its option', () => {
  const wrong: readonly (readonly [Partial<Words>, RegExp])[] = [
    [{ nodes: '0' }, /^--nodes is a whole number from 1 to 32, not "0"$/],
    [{ nodes: '33' }, /--nodes/],
    [{ nodes: '2.5' }, /--nodes/],
    [{ blockTime: '0' }, /--block-time/],
    [{ seed: '-1' }, /--seed/],
    [{ protocol: '022' }, /--protocol is one of 023, 024, 025, alpha/],
    [{ guest: ['tz1'] }, /--guest takes a public key/],
    [{ guest: [`${KEY}:0`] }, /--guest: a stake is a whole number/],
    [{ guest: [`${KEY}:1:2`] }, /--guest is a public key and a stake/],
    [{ guest: [KEY, `${KEY}:2`] }, /is a guest already \(--guest\)/],
    [{ script: ['reorg'] }, /the level of --script reorg is a whole number from 2/],
    [{ script: ['storm@5'] }, /--script "storm@5" is not one of missed-round, late-block/],
    [{ activate: ['025'] }, /the level of --activate 025 is a whole number from 1/],
    [{ activate: ['022@9'] }, /the protocol of --activate is one of 023, 024, 025, alpha/],
    [{ activate: ['024@9', '025@9'] }, /two protocols begin at level 9/],
    [{ script: ['left-out@5'] }, /guest of --script left-out is a whole number from 1/],
    [{ script: ['left-out:2@5'], guest: [KEY] }, /left-out at level 5: there are 1 guests, no 2/],
    [{ script: ['missed-round:0@5'] }, /rounds of --script missed-round is a whole number from 1/],
    [{ script: ['reorg:1@5'] }, /--script reorg takes 0 numbers: reorg/],
    [{ robotStake: '0' }, /--robot-stake is a whole number/],
    [
      { guestsFile: '/nowhere/guests' },
      /--guests-file \/nowhere\/guests cannot be read \(ENOENT\)/,
    ],
    [{ fault: ['node1'] }, /is no fault/],
    [{ controlPort: '65536' }, /--control-port/],
    [{ portBase: '65534' }, /leaves no ports for 5 nodes/],
    [{ readyFd: 'x' }, /--ready-fd/],
  ];
  for (const [words, message] of wrong) {
    expect(() => read(words), JSON.stringify(words)).toThrow(message);
  }
});
