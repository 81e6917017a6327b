import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SecretKey } from '@meridian/tezos';
import {
  publicKeyHashOf,
  publicKeyOf,
  secretKeyOfSeed,
  sign,
  verify,
} from '@meridian/tezos/crypto';
import { encryptSecret, softwareKeystore } from './index.ts';

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

test('a key that is not held is refused', async () => {
  const store = softwareKeystore([{ name: 'k', secretFile: file('s', secretOf('tz1')) }]);
  await expect(store.sign(addressOf(secretOf('tz2')), payload)).rejects.toMatchObject({
    code: 'unknown_key',
  });
});
