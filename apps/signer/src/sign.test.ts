import { describe, expect, test } from 'vitest';
import type { Signature } from '@meridian/tezos';
import { sign, verify } from '@meridian/tezos/crypto';
import { err } from '@meridian/prelude';
import type { Row } from '@meridian/watermark';
import { memoryStore, StoreError } from '@meridian/watermark-store';
import type { Journal, WatermarkStore } from '@meridian/watermark-store';
import { activate, activeStore, attestation, BAKER, block } from './fixtures.ts';
import { countedKeystore, journalOf, OTHER, OTHER_CHAIN, signingParts } from './fixtures.ts';
import { createSigning, type SignOutcome, type SigningParts } from './sign.ts';

type Given = Partial<Omit<SigningParts, 'keystore'>> & {
  readonly store?: WatermarkStore;
  readonly vault?: (bytes: Uint8Array) => Promise<Signature>;
  readonly keys?: Parameters<typeof countedKeystore>[1];
  readonly journal?: Journal;
};

/** The sign route over a store, with a count of what the vault saw. */
async function signing({ store: given, vault, keys, ...parts }: Given = {}) {
  const store = given ?? (await activeStore());
  const { keystore, used } = countedKeystore(vault, keys);
  const outcomes: string[] = [];
  const route = createSigning(
    await signingParts(store, keystore, {
      observe: ({ outcome }) => outcomes.push(outcome),
      unsealed: ({ outcome }) => outcomes.push(`not stored: ${outcome}`),
      ...parts,
    }),
  );
  const ask = (bytes: Uint8Array, pkh = BAKER.pkh) => route(pkh, bytes);
  return { ask, used, outcomes };
}

const levelOf = async (store: WatermarkStore, kind: string) =>
  (await store.rows()).find(row => row.kind === kind)?.level;
const refused = (code: string) => ({ ok: false, error: { code } });
const noVault = () => Promise.reject<Signature>(new Error('no vault'));

describe('before the vault is asked', () => {
  test.each([
    ['attestation', attestation(10)],
    ['block', block(10)],
  ])('the mark of the %s is in the store', async (kind, bytes) => {
    const store = await activeStore();
    const seen: unknown[] = [];
    const vault = async () => {
      seen.push(await levelOf(store, kind));
      return sign(BAKER.secret, bytes);
    };
    const { ask } = await signing({ store, vault });
    expect(await ask(bytes)).toMatchObject({ ok: true });
    expect(seen).toEqual([10]);
  });

  test('the key has to be held, and nothing is marked for one that is not', async () => {
    const store = await activeStore();
    await activate(store, ['attestation'], OTHER);
    const before = await store.rows();
    const { ask, used, outcomes } = await signing({ store });
    expect(await ask(attestation(10), OTHER.pkh)).toMatchObject(refused('unknown_key'));
    expect(await store.rows()).toEqual(before);
    expect(used()).toBe(0);
    expect(outcomes).toEqual(['unknown_key']);
  });

  test('the chain has to be ours, and nothing is marked for another one', async () => {
    const store = await activeStore();
    await activate(store, ['attestation'], { chainId: OTHER_CHAIN });
    const before = await store.rows();
    const { ask, used } = await signing({ store });
    expect(await ask(attestation(10, 1, OTHER_CHAIN))).toMatchObject(refused('not_allowed'));
    expect(await store.rows()).toEqual(before);
    expect(used()).toBe(0);
  });

  test('the row has to be one that this signer was told of', async () => {
    const { ask, used } = await signing({ store: memoryStore() });
    expect(await ask(attestation(10))).toMatchObject(refused('unknown_row'));
    expect(used()).toBe(0);
  });

  test('the row has to be there, and where it is not, the others of its key stop', async () => {
    const kept = new Map<string, Row>();
    const store = await activeStore(kept);
    const journal = await journalOf(store);
    const [[name]] = [...kept].filter(([, { kind }]) => kind === 'attestation') as [[string, Row]];
    kept.delete(name);
    const { ask, used } = await signing({ store, journal });
    expect(await ask(attestation(10))).toMatchObject(refused('missing_row'));
    expect(await store.rows()).toMatchObject([{ kind: 'block', mode: 'latched' }]);
    // Not even where no row is left to latch.
    kept.clear();
    expect(await ask(block(10))).toMatchObject(refused('missing_row'));
    expect(used()).toBe(0);
  });

  test('the store has to answer, and its own words stay here', async () => {
    const store = await activeStore();
    const advance = () => Promise.reject(new StoreError('unavailable', '/secret/path'));
    const { ask, used } = await signing({ store: { ...store, advance } });
    const answer = await ask(attestation(10));
    expect(answer).toMatchObject(refused('store_unavailable'));
    expect(JSON.stringify(answer)).not.toContain('secret');
    expect(used()).toBe(0);
  });

  test('the journal has to be whole, and nothing is marked where it is not', async () => {
    const store = await activeStore();
    const journal = await journalOf(store);
    const probe = () => {
      throw new StoreError('replaced');
    };
    const before = await store.rows();
    const { ask, used } = await signing({ store, journal: { ...journal, probe } });
    expect(await ask(block(10))).toMatchObject(refused('store_unavailable'));
    expect(await store.rows()).toEqual(before);
    expect(used()).toBe(0);
  });

  test('a mistake of our own passes for no state of the store', async () => {
    const store = await activeStore();
    const advance = () => Promise.reject(new Error('a bug'));
    const { ask, used } = await signing({ store: { ...store, advance } });
    await expect(ask(attestation(10))).rejects.toThrow('a bug');
    expect(used()).toBe(0);
  });

  test('the bytes are those of the request, whatever becomes of them meanwhile', async () => {
    const { ask } = await signing();
    // A buffer shares its bytes with whoever sliced it.
    const bytes = Buffer.from(attestation(10));
    const asked = ask(bytes);
    bytes.set(attestation(99));
    const answer = (await asked) as { value: { signature: Signature } };
    expect(verify(BAKER.key, answer.value.signature, attestation(10))).toBe(true);
  });
});

describe('a block', () => {
  test('leaves after its signature is stored, and not before', async () => {
    const store = await activeStore();
    const log: string[] = [];
    const slow: WatermarkStore = {
      ...store,
      seal: async (...given) => {
        const sealed = await store.seal(...given);
        log.push('stored');
        return sealed;
      },
    };
    const { ask } = await signing({ store: slow });
    const answer = await ask(block(10)).then(outcome => {
      log.push('left');
      return outcome;
    });
    expect(log).toEqual(['stored', 'left']);
    expect(answer).toMatchObject({ ok: true });
  });

  test.each<[string, WatermarkStore['seal'], string]>([
    ['is refused', () => Promise.resolve(err({ code: 'fenced' })), 'fenced'],
    ['fails', () => Promise.reject(new StoreError('unavailable')), 'store_unavailable'],
  ])('whose signature cannot be stored since that %s never leaves', async (_why, seal, code) => {
    const store = await activeStore();
    const { ask, used, outcomes } = await signing({ store: { ...store, seal } });
    expect(await ask(block(10))).toMatchObject(refused(code));
    expect(await ask(block(10))).toMatchObject(refused('block_spent'));
    expect(used()).toBe(1);
    expect(outcomes).toEqual([code, 'block_spent']);
  });

  test('is given out again from the store, and the vault sees it once', async () => {
    const kept = new Map<string, Row>();
    const first = await signing({ store: await activeStore(kept) });
    const answer = await first.ask(block(10));
    expect(answer).toMatchObject({ ok: true });
    expect(await first.ask(block(10))).toEqual(answer);
    // The next process knows it from the disk.
    const next = await signing({ store: memoryStore(kept) });
    expect(await next.ask(block(10))).toEqual(answer);
    expect([first.used(), next.used()]).toEqual([1, 0]);
    expect(next.outcomes).toEqual(['released']);
  });

  test('that the vault did not sign is spent, in this process and in the next', async () => {
    const kept = new Map<string, Row>();
    const first = await signing({ store: await activeStore(kept), vault: noVault });
    expect(await first.ask(block(10))).toMatchObject(refused('vault_unavailable'));
    expect(await first.ask(block(10))).toMatchObject(refused('block_spent'));
    const next = await signing({ store: memoryStore(kept) });
    expect(await next.ask(block(10))).toMatchObject(refused('block_spent'));
    expect([first.used(), next.used()]).toEqual([1, 0]);
  });

  test('that several ask for at once is one request, and all get its signature', async () => {
    const { ask, used, outcomes } = await signing();
    const answers = await Promise.all([1, 2, 3].map(() => ask(block(10))));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]).toMatchObject({ ok: true });
    expect(used()).toBe(1);
    expect(outcomes).toEqual(['signed']);
  });

  test('beside another one of its place never reaches the vault', async () => {
    const { ask, used } = await signing();
    const answers = await Promise.all([1, 2].map(payload => ask(block(10, payload))));
    expect(answers).toMatchObject([{ ok: true }, refused('conflicting_block')]);
    expect(used()).toBe(1);
  });
});

test('what has left is handed out again from memory, also while the store is away', async () => {
  const store = await activeStore();
  let isAway = false;
  const advance: WatermarkStore['advance'] = request =>
    isAway ? Promise.reject(new StoreError('unavailable')) : store.advance(request);
  const { ask, used, outcomes } = await signing({ store: { ...store, advance } });
  const answers = [await ask(attestation(10)), await ask(block(10))];
  isAway = true;
  expect([await ask(attestation(10)), await ask(block(10))]).toEqual(answers);
  expect(await ask(attestation(10, 2))).toMatchObject(refused('store_unavailable'));
  expect(used()).toBe(2);
  expect(outcomes.slice(2)).toEqual(['released', 'released', 'store_unavailable']);
});

describe('a vote', () => {
  test('of two keys over the same bytes at once has a signature of each', async () => {
    const store = await activeStore();
    await activate(store, ['attestation'], OTHER);
    const { ask } = await signing({ store, keys: [BAKER, OTHER] });
    const bytes = attestation(10);
    const keys = [BAKER, OTHER];
    const answers = await Promise.all(keys.map(({ pkh }) => ask(bytes, pkh)));
    for (const [at, answer] of answers.entries()) {
      const { signature } = (answer as { value: { signature: Signature } }).value;
      expect(verify(keys[at]!.key, signature, bytes)).toBe(true);
    }
  });

  test('leaves though its signature cannot be stored, and may be signed again', async () => {
    const store = await activeStore();
    const seal = () => Promise.reject(new StoreError('unavailable'));
    const [first, next] = [
      await signing({ store: { ...store, seal } }),
      await signing({ store: { ...store, seal } }),
    ];
    const answer = await first.ask(attestation(10));
    expect(answer).toMatchObject({ ok: true });
    // Another process remembers nothing of it.
    expect(await next.ask(attestation(10))).toEqual(answer);
    expect([first.used(), next.used()]).toEqual([1, 1]);
    expect(first.outcomes).toContain('not stored: store_unavailable');
  });

  test('and a store that fails are told with what it failed with', async () => {
    const store = await activeStore();
    const told: SignOutcome[] = [];
    const parts = {
      observe: (outcome: SignOutcome) => void told.push(outcome),
      unsealed: (outcome: SignOutcome) => void told.push(outcome),
    };
    const advance = () => Promise.reject(new StoreError('overloaded'));
    const seal = () => Promise.reject(new StoreError('replaced'));
    await (await signing({ store: { ...store, advance }, ...parts })).ask(attestation(10));
    await (await signing({ store: { ...store, seal }, ...parts })).ask(attestation(10));
    await new Promise(resolve => setImmediate(resolve));
    const codes = told.map(({ outcome, code }) => `${outcome} ${String(code)}`).sort();
    expect(codes).toEqual([
      ...['signed undefined', 'store_unavailable overloaded', 'store_unavailable replaced'],
    ]);
  });

  test.each<[string, WatermarkStore['seal']]>([
    ['is refused', () => Promise.resolve(err({ code: 'store_went_back' }))],
    ['fails', () => Promise.reject(new StoreError('unavailable'))],
  ])('leaves though storing it %s and nobody can be told', async (_how, seal) => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const unsealed = (): never => {
      throw new Error('the log is on the same disk');
    };
    const { ask } = await signing({ store: { ...(await activeStore()), seal }, unsealed });
    expect(await ask(attestation(10))).toMatchObject({ ok: true });
    await new Promise(resolve => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  test('leaves though its store forgot the permission, and that is told at once', async () => {
    const store = await activeStore();
    const seal = () => Promise.resolve(err({ code: 'store_went_back' } as const));
    const { ask, outcomes } = await signing({ store: { ...store, seal } });
    expect(await ask(attestation(10))).toMatchObject({ ok: true });
    expect(outcomes).toHaveLength(2);
    expect(outcomes).toEqual(expect.arrayContaining(['signed', 'not stored: store_went_back']));
  });

  test('that the vault did not sign may be asked for again over the same bytes alone', async () => {
    let fails = true;
    const vault = (bytes: Uint8Array) =>
      fails ? noVault() : Promise.resolve(sign(BAKER.secret, bytes));
    const { ask, used } = await signing({ vault });
    expect(await ask(attestation(10))).toMatchObject(refused('vault_unavailable'));
    fails = false;
    expect(await ask(attestation(10, 2))).toMatchObject(refused('conflicting_vote'));
    expect(used()).toBe(1);
    expect(await ask(attestation(10))).toMatchObject({ ok: true });
  });
});
