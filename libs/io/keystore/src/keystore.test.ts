import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fromBase58, type SecretKey } from '@meridian/tezos';
import {
  publicKeyHashOf,
  publicKeyOf,
  secretKeyOfSeed,
  sign,
  verify,
  verifyPossession,
} from '@meridian/tezos/crypto';
import { encryptSecret, KeystoreError, softwareKeystore } from './index.ts';

const CURVES = ['tz1', 'tz2', 'tz3', 'tz4'] as const;
const secretOf = (curve: (typeof CURVES)[number]) =>
  secretKeyOfSeed(curve, new Uint8Array(32).fill(5));
const payload = Uint8Array.of(0x13, 1, 2, 3);

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const addressOf = (secret: SecretKey) => publicKeyHashOf(publicKeyOf(secret));

test.each(CURVES)(
  'a %s key in a file signs as the chain expects, plain or encrypted',
  async curve => {
    const secret = secretOf(curve);
    const salt = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const encrypted = `encrypted:${encryptSecret(secret, 'pass word', salt)}`;
    const entries = [
      { name: 'bare', secretFile: file('bare', secret) },
      { name: 'plain', secretFile: file('plain', `unencrypted:${secret}\n`) },
      {
        name: 'encrypted',
        secretFile: file('encrypted', encrypted),
        passwordFile: file('password', 'pass word\n'),
      },
    ];
    for (const entry of entries) {
      const store = softwareKeystore([entry]);
      const key = publicKeyOf(secret);
      expect(store.keys()).toEqual([{ name: entry.name, pkh: addressOf(secret), publicKey: key }]);
      const signature = await store.sign(addressOf(secret), payload);
      expect(verify(key, signature, payload)).toBe(true);
      if (curve !== 'tz3') expect(signature).toBe(sign(secret, payload));
    }
  },
);

test.each([
  [
    'wrong_password',
    () => [
      {
        name: 'k',
        secretFile: file('s', encryptSecret(secretOf('tz1'), 'right', new Uint8Array(8))),
        passwordFile: file('p', 'wrong'),
      },
    ],
  ],
  [
    'missing_password',
    () => [
      {
        name: 'k',
        secretFile: file('s', encryptSecret(secretOf('tz1'), 'right', new Uint8Array(8))),
      },
    ],
  ],
  ['malformed_secret', () => [{ name: 'k', secretFile: file('s', 'edskrubbish') }]],
  ['unreadable_file', () => [{ name: 'k', secretFile: join(folder, 'none') }]],
  ['exposed_file', () => [{ name: 'k', secretFile: file('s', secretOf('tz1'), 0o644) }]],
  [
    'twice',
    () =>
      [1, 2].map(at => ({
        name: `k${at.toString()}`,
        secretFile: file(`s${at.toString()}`, secretOf('tz1')),
      })),
  ],
])('%s is told with the name of the key and without the secret', (code, entries) => {
  const open = () => softwareKeystore(entries());
  expect(open).toThrow(expect.objectContaining({ code }) as Error);
  expect(open).toThrow(/^k/);
  expect(open).not.toThrow(/edsk|edesk/);
});

/**
 * Keys that Signatory's documentation gives for trials, encrypted as Octez does under the password `test`. That one
 * opens at all proves the way from password to key, since a wrong one is noticed.
 */
const ENCRYPTED_ELSEWHERE = {
  tz1: 'edesk1GXwWmGjXiLHBKxGBxwmNvG21vKBh6FBxc4CyJ8adQQE2avP5vBB57ZUZ93Anm7i4k8RmsHaPzVAvpnHkFF',
  tz2: 'spesk24UQkAiJk8X6AufNtRv1WWPp2BAssEgmijCTQPMgUXweSKPmLdbyAjPmCG1pR2dC9P5UZZVeZcb7zVodUHZ',
  tz3: 'p2esk28hoUE2J88QNFj2aDX2pjzL7wcVh2g8tkEwtWWguby9M3FHUgSbzvF2Sd7wQ4Kd8crFwvto6gF3otcBuo4T',
} as const;

test.each(Object.entries(ENCRYPTED_ELSEWHERE))(
  'a %s key that another program encrypted opens',
  (curve, encrypted) => {
    const secretFile = file('encrypted', `encrypted:${encrypted}`);
    const passwordFile = file('password', 'test');
    const [opened] = softwareKeystore([{ name: 'k', secretFile, passwordFile }]).keys();
    expect(opened?.pkh.slice(0, 3)).toBe(curve);
  },
);

describe.each([0o640, 0o620, 0o610, 0o604, 0o602, 0o601])('a file of mode %o', mode => {
  const told = expect.objectContaining({
    code: 'exposed_file',
    message: expect.stringContaining(folder) as string,
  }) as Error;

  test('is no file of a secret, directly or through a link', () => {
    const secretFile = file('s', secretOf('tz1'), mode);
    const link = join(folder, 'link');
    symlinkSync(secretFile, link);
    for (const path of [secretFile, link])
      expect(() => softwareKeystore([{ name: 'k', secretFile: path }])).toThrow(told);
  });

  test('is no file of a password', () => {
    const secretFile = file('s', encryptSecret(secretOf('tz1'), 'right', new Uint8Array(8)));
    const passwordFile = file('p', 'right', mode);
    expect(() => softwareKeystore([{ name: 'k', secretFile, passwordFile }])).toThrow(told);
  });
});

test('a link to a file of a secret is as good as the file', () => {
  const link = join(folder, 'link');
  symlinkSync(file('s', secretOf('tz1')), link);
  expect(softwareKeystore([{ name: 'k', secretFile: link }]).keys()).toHaveLength(1);
});

test('whatever is wrong with a secret or its password, no part of either is told', () => {
  const secret = secretOf('tz1');
  const encrypted = encryptSecret(secret, 'open sesame', new Uint8Array(8));
  const texts = [secret.slice(0, -1), `${secret}x`, secret.replace(/.$/, '!'), `x${secret}`];
  for (const text of [...texts, encrypted, encrypted.slice(0, -1), `unencrypted:${secret} 2`]) {
    let told: unknown;
    try {
      const passwordFile = file('p', 'friend or foe');
      softwareKeystore([{ name: 'k', secretFile: file('s', text), passwordFile }]);
    } catch (error) {
      told = error;
    }
    expect(told).toBeInstanceOf(KeystoreError);
    const all = inspect(told, { depth: Infinity, showHidden: true });
    for (let at = 0; at + 8 <= text.length; at += 4)
      expect(all).not.toContain(text.slice(at, at + 8));
    expect(all).not.toMatch(/friend|foe|sesame/);
  }
});

test('each of several keys signs under its own address', async () => {
  const entries = CURVES.map(curve => ({ name: curve, secretFile: file(curve, secretOf(curve)) }));
  const store = softwareKeystore(entries);
  for (const curve of CURVES) {
    const secret = secretOf(curve);
    const signature = await store.sign(addressOf(secret), payload);
    expect(verify(publicKeyOf(secret), signature, payload)).toBe(true);
  }
});

test('a key that is not held is refused', async () => {
  const store = softwareKeystore([{ name: 'k', secretFile: file('s', secretOf('tz1')) }]);
  await expect(store.sign(addressOf(secretOf('tz2')), payload)).rejects.toMatchObject({
    code: 'unknown_key',
  });
});

describe('a proof of possession', () => {
  const open = () =>
    softwareKeystore(
      CURVES.map(curve => ({ name: curve, secretFile: file(curve, secretOf(curve)) })),
    );
  const tz4 = addressOf(secretOf('tz4'));
  const other = publicKeyOf(secretKeyOfSeed('tz4', new Uint8Array(32).fill(6)));
  type Proof = Parameters<typeof verifyPossession>;

  test('of a tz4 key fits the key, and over the bytes of another key it does not', async () => {
    const store = open();
    const key = publicKeyOf(secretOf('tz4')) as Proof[0];
    const own = (await store.provePossession(tz4)) as Proof[1];
    expect(verifyPossession(key, own)).toBe(true);
    const overOther = (await store.provePossession(tz4, other)) as Proof[1];
    expect(verifyPossession(key, overOther)).toBe(false);
    expect(await store.provePossession(tz4, key)).toBe(own);
  });

  test('is no signature of the same bytes as a vote would have it', async () => {
    const store = open();
    const own = await store.provePossession(tz4);
    const key = publicKeyOf(secretOf('tz4'));
    expect(verify(key, own, fromBase58('BLpk', key))).toBe(false);
  });

  test.each(['tz1', 'tz2', 'tz3'] as const)('of a %s key there is none', async curve => {
    const asked = open().provePossession(addressOf(secretOf(curve)));
    await expect(asked).rejects.toMatchObject({ code: 'no_bls_key' });
  });

  test('is made over no key of another curve, and for no key that is not held', async () => {
    const overTz1 = open().provePossession(tz4, publicKeyOf(secretOf('tz1')));
    await expect(overTz1).rejects.toMatchObject({ code: 'no_bls_key' });
    const ofOther = open().provePossession(publicKeyHashOf(other));
    await expect(ofOther).rejects.toMatchObject({ code: 'unknown_key' });
  });
});
