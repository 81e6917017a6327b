import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Signature } from '@meridian/tezos';
import { sign } from '@meridian/tezos/crypto';
import { activeStore, attestation, BAKER, block, countedKeystore } from './fixtures.ts';
import { signingParts } from './fixtures.ts';
import { createSigning } from './sign.ts';

/** Who waits for whom and how long, in virtual time. */
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const refused = (code: string) => ({ ok: false, error: { code } });
/** Lets the store, which does not wait for timers, come to an end. */
const turns = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(resolve => setImmediate(resolve));
};
const pass = async (ms: number) => {
  await turns();
  await vi.advanceTimersByTimeAsync(ms);
  await turns();
};

/** Two signers of one site on one store, with a vault that answers when it is told to. */
async function site() {
  const store = await activeStore();
  const answers: ((signature: Signature) => void)[] = [];
  const { keystore, used } = countedKeystore(
    () => new Promise<Signature>(resolve => answers.push(resolve)),
  );
  const signer = async () => {
    const outcomes: string[] = [];
    const observe = ({ outcome }: { outcome: string }) => void outcomes.push(outcome);
    const route = createSigning(await signingParts(store, keystore, { observe }));
    return { ask: (bytes: Uint8Array) => route(BAKER.pkh, bytes), outcomes };
  };
  const answer = (bytes: Uint8Array) => answers.shift()?.(sign(BAKER.secret, bytes));
  return { store, used, answer, one: await signer(), other: await signer() };
}

describe('a second request for a block', () => {
  test('gets the signature of the first when it comes in time', async () => {
    const { one, answer, used } = await site();
    const both = [one.ask(block(10)), one.ask(block(10))];
    await pass(299);
    answer(block(10));
    const [first, second] = await Promise.all(both);
    expect(first).toMatchObject({ ok: true });
    expect(second).toEqual(first);
    expect(used()).toBe(1);
  });

  test('is told that it is being signed when it does not, and the first one goes on', async () => {
    const { one, answer, used } = await site();
    const [first, second] = [one.ask(block(10)), one.ask(block(10))];
    await pass(301);
    expect(await second).toMatchObject(refused('signing_in_progress'));
    answer(block(10));
    expect(await first).toMatchObject({ ok: true });
    expect(used()).toBe(1);
  });

  test('at another signer of the site gets the stored signature, and no second vault call', async () => {
    const { one, other, answer, used } = await site();
    const first = one.ask(block(10));
    await turns();
    const second = other.ask(block(10));
    await pass(100);
    answer(block(10));
    await pass(100);
    expect(await second).toEqual(await first);
    expect(used()).toBe(1);
    expect(other.outcomes).toEqual(['released']);
  });

  test('at another signer is refused as spent when no signature is ever stored', async () => {
    const { one, other, used } = await site();
    void one.ask(block(10));
    await turns();
    const second = other.ask(block(10));
    for (let waited = 0; waited < 350; waited += 25) await pass(25);
    expect(await second).toMatchObject(refused('block_spent'));
    expect(used()).toBe(1);
  });
});

describe('a vault that does not answer', () => {
  test('is given up, and its block is spent, also when it answers later', async () => {
    const { one, answer, store, used } = await site();
    const asked = one.ask(block(10));
    await pass(2_001);
    expect(await asked).toMatchObject(refused('vault_unavailable'));
    answer(block(10));
    await turns();
    expect((await store.rows()).find(({ kind }) => kind === 'block')).toMatchObject({
      level: 10,
      signature: null,
    });
    const again = one.ask(block(10));
    for (let waited = 0; waited < 350; waited += 25) await pass(25);
    expect(await again).toMatchObject(refused('block_spent'));
    expect(used()).toBe(1);
  });

  test('is given up, and its vote may be asked for again', async () => {
    const { one, answer } = await site();
    const asked = one.ask(attestation(10));
    await pass(2_001);
    expect(await asked).toMatchObject(refused('vault_unavailable'));
    const again = one.ask(attestation(10));
    await turns();
    answer(attestation(10));
    answer(attestation(10));
    expect(await again).toMatchObject({ ok: true });
  });
});
