import type { Trouble } from '@meridian/sandbox-chain';
import { misused, whole } from './words.ts';

/** What the chain's own bakers can do at a level on purpose. */
export const SCRIPTS = {
  'missed-round': 'the owner of round 0 makes no block',
  'no-quorum': 'a prequorum, but no quorum: the payload is proposed again',
  'double-block': 'the owner of round 0 signs two blocks',
  reorg: 'the predecessor is replaced by a fitter one after a block on it was seen',
} as const;

const TROUBLES: Readonly<Record<keyof typeof SCRIPTS, (level: number) => Trouble>> = {
  'missed-round': level => ({ level, kind: 'missed_rounds', rounds: 1 }),
  'no-quorum': level => ({ level, kind: 'no_quorum' }),
  'double-block': level => ({ level, kind: 'double_block' }),
  reorg: level => ({ level, kind: 'reorganisation' }),
};

/** The first level whose predecessor was made by somebody's right. */
const LEVEL_MIN = 2;
export const LEVEL_MAX = 2 ** 31 - 1;

/**
 * Reads `reorg@12`.
 * @throws SandboxError `misused`
 */
export function readScript(text: string): Trouble {
  const [name = '', level = '', ...more] = text.split('@');
  if (!Object.hasOwn(TROUBLES, name) || more.length > 0) {
    const known = Object.keys(TROUBLES).join(', ');
    throw misused(`--script ${JSON.stringify(text)} is not one of ${known} with a level: reorg@12`);
  }
  const at = whole(`the level of --script ${name}`, level, LEVEL_MIN, LEVEL_MAX);
  return TROUBLES[name as keyof typeof SCRIPTS](at);
}
