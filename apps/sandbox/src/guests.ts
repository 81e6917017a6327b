import { readFileSync } from 'node:fs';
import { TezosError, type PublicKey } from '@meridian/tezos';
import { publicKey, publicKeyHashOf } from '@meridian/tezos/crypto';
import type { Baker } from '@meridian/sandbox-chain';
import { misused, whole } from './words.ts';

/** The most that anybody stakes; the sum of all stakes stays a number that can be drawn from. */
export const STAKE_MAX = 1_000_000;
/** Stake of a guest that names none; a robot's is the same unless it is set. */
const STAKE_DEFAULT = 100;
const GUESTS_MAX = 2_000;

/**
 * The guests of `--guest` and of `--guests-file`, which has one `<public key>[:<stake>]` a line, and lines that are
 * empty or begin with #.
 * @throws SandboxError `misused`, naming option or file and line
 */
export function readGuests(named: readonly string[], file: string | undefined): readonly Baker[] {
  const words = [
    ...named.map(text => ({ text, place: '--guest' })),
    ...(file === undefined ? [] : linesOf(file)),
  ];
  if (words.length > GUESTS_MAX)
    throw misused(`there are ${words.length} guests, ${GUESTS_MAX} is the most`);
  const seen = new Map<PublicKey, string>();
  return words.map(({ text, place }) => {
    const guest = guestOf(text, place);
    const before = seen.get(guest.consensusKey);
    if (before !== undefined) {
      throw misused(`${place}: ${guest.consensusKey} is a guest already (${before})`);
    }
    seen.set(guest.consensusKey, place);
    return guest;
  });
}

type Place = { readonly text: string; readonly place: string };

function linesOf(file: string): readonly Place[] {
  return contentOf(file)
    .split(/\r?\n/)
    .map((line, at) => ({ text: line.trim(), place: `--guests-file ${file}:${at + 1}` }))
    .filter(({ text }) => text !== '' && !text.startsWith('#'));
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw misused(`--guests-file ${file} cannot be read (${code})`);
  }
}

function guestOf(text: string, place: string): Baker {
  const [keyText = '', stakeText, ...more] = text.split(':');
  if (more.length > 0) throw misused(`${place} is a public key and a stake, such as edpk…:100`);
  const key = keyOf(keyText, place);
  const stake =
    stakeText === undefined ? STAKE_DEFAULT : whole(`${place}: a stake`, stakeText, 1, STAKE_MAX);
  return { delegate: publicKeyHashOf(key), consensusKey: key, stake };
}

function keyOf(text: string, place: string): PublicKey {
  try {
    return publicKey(text);
  } catch (error) {
    if (!(error instanceof TezosError)) throw error;
    throw misused(`${place} takes a public key and a stake, such as edpk…:100 (${error.message})`);
  }
}
