import { expect } from 'vitest';
import { fromHex, TezosError, toBase58 } from '@meridian/tezos';
import { blake2b256 } from '@meridian/tezos/hash';
import { readSignBytes } from '@meridian/tezos/forge';
import { checkEach, testShared } from '../vectors/load.ts';
import { DIFFERENCES } from './decision-differences.ts';
import { decisionsOn, KIND_NAMES, type Decision, type Item } from './decision-replay.ts';

type Payload = {
  readonly hex: string;
  readonly kind: string;
  readonly chain_id: string;
  readonly level?: number;
  readonly round?: number;
  readonly watermark_hash?: string;
  readonly watermark_hash_recomputed?: boolean | null;
};
type Named = readonly [name: string, payload: Payload];

const FILE = 'realdata/watermark_decisions.json';
/** Payloads that are never signed here, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  tacoinfra_11: 'the watermark byte 0x03, a generic operation',
  tacoinfra_12: 'the watermark byte 0x03, a generic operation',
  tacoinfra_13: 'the watermark byte 0x03, a generic operation',
  tacoinfra_14: 'the watermark byte 0x03, a generic operation',
  tacoinfra_15: 'the watermark byte 0x03, a generic operation',
};

function payloadsOf(content: unknown): readonly Named[] {
  return Object.entries((content as { payloads: Readonly<Record<string, Payload>> }).payloads);
}

testShared(FILE, 'kind, level, round and chain of every payload that may be signed', content => {
  const read = payloadsOf(content).filter(([name]) => !(name in REFUSED));
  checkEach(
    read,
    17,
    ([name]) => name,
    ([, payload]) => {
      const { level, round, chain_id: chainId } = payload;
      const subject = readSignBytes(fromHex(payload.hex));
      expect(subject).toMatchObject({ kind: KIND_NAMES[payload.kind], level, round, chainId });
    },
  );
});

testShared(FILE, 'every other payload is refused for its reason', content => {
  const refused = payloadsOf(content).filter(([name]) => name in REFUSED);
  checkEach(
    refused,
    5,
    ([name]) => name,
    ([name, payload]) => {
      expect(() => readSignBytes(fromHex(payload.hex))).toThrow(TezosError);
      expect(() => readSignBytes(fromHex(payload.hex))).toThrow(REFUSED[name]);
    },
  );
});

testShared(FILE, 'a watermark hash of Signatory is the digest of the whole request', content => {
  const hashed = payloadsOf(content).filter(([, each]) => each.watermark_hash_recomputed === true);
  checkEach(
    hashed,
    6,
    ([name]) => name,
    ([, payload]) => {
      const digest = toBase58('payloadHash', blake2b256(fromHex(payload.hex)));
      expect(digest).toBe(payload.watermark_hash);
    },
  );
});

function decisionsIn(content: unknown): readonly Decision[] {
  const { items, payloads } = content as {
    readonly items: readonly Item[];
    readonly payloads: Readonly<Record<string, Payload>>;
  };
  expect(items.length, 'recorded items').toBeGreaterThanOrEqual(17);
  return items.flatMap(item => decisionsOn(item, payloads));
}

testShared(
  FILE,
  'the rule here decides as other signers did, but for what a table explains',
  content => {
    const found = decisionsIn(content)
      .filter(({ here, there }) => here !== there)
      .map(({ item, step, signer, asked, here }) => ({ item, step, signer, asked, here }));
    const explained = DIFFERENCES.map(({ item, step, signer, asked, here }) => ({
      ...{ item, step, signer: expect.stringMatching(new RegExp(`^${signer}`, 'i')) as string },
      ...{ asked, here },
    }));
    expect(found).toEqual(explained);
  },
);

testShared(FILE, 'a mark is afterwards where it was in the recording', content => {
  const told = decisionsIn(content).filter(({ expectedAfter }) => expectedAfter !== undefined);
  expect(told.length).toBeGreaterThanOrEqual(1);
  for (const { after, expectedAfter } of told) expect(after).toMatchObject(expectedAfter ?? {});
});
