import { TROUBLES, type Trouble, type TroubleKind } from '@meridian/sandbox-chain/troubles';
import type { TroubleRow } from '@meridian/sandbox-chain/troubles';
import { misused, whole } from './words.ts';

/** The rows of troubles by the words for them. */
export const SCRIPTS: ReadonlyMap<string, { readonly kind: TroubleKind } & TroubleRow> = new Map(
  (Object.keys(TROUBLES) as TroubleKind[]).map(kind => {
    const row: TroubleRow = TROUBLES[kind];
    return [row.word, { kind, ...row }];
  }),
);

/** The first level whose predecessor was made by somebody's right. */
export const TROUBLE_LEVEL_MIN = 2;
export const LEVEL_MAX = 2 ** 31 - 1;

/**
 * Reads `reorg@12`, or with numbers `missed-round:3@12`.
 * @throws SandboxError `misused`
 */
export function readScript(text: string): Trouble {
  const [words = '', level = '', ...more] = text.split('@');
  const [name = '', ...values] = words.split(':');
  const row = SCRIPTS.get(name);
  if (row === undefined || more.length > 0) {
    const known = [...SCRIPTS.keys()].join(', ');
    throw misused(`--script ${JSON.stringify(text)} is not one of ${known} with a level: reorg@12`);
  }
  const what = `--script ${name}`;
  const takes = Object.entries(row.takes);
  if (values.length > takes.length) {
    throw misused(`${what} takes ${takes.length.toString()} numbers: ${usageOf(row)}`);
  }
  const numbers = takes.map(([field, { min, max, otherwise }], at) => {
    const value = values[at] ?? otherwise?.toString() ?? '';
    return [field, whole(`${field} of ${what}`, value, min, max)];
  });
  const at = whole(`the level of ${what}`, level, TROUBLE_LEVEL_MIN, LEVEL_MAX);
  return { level: at, kind: row.kind, ...Object.fromEntries(numbers) } as Trouble;
}

/** How a trouble is written, such as `left-out:GUEST`; what may be left out is in brackets. */
export function usageOf({ word, takes }: TroubleRow): string {
  return Object.entries(takes).reduce((usage, [field, { otherwise }]) => {
    const next = `:${field.toUpperCase()}`;
    return otherwise === undefined ? `${usage}${next}` : `${usage}[${next}]`;
  }, word);
}
