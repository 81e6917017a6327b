import type { Mutant } from './mutant.ts';

/** What a signer doubts, and what ends that, broken one line at a time. */
export const SIGNER_DOUBTS_MUTANTS: readonly Mutant[] = [
  {
    rule: 8,
    why: 'a doubt is forgotten',
    file: 'doubts.ts',
    find: 'this.#doubts.set(name, { refusal: doubt?.refusal ?? { code: refusal.code }, seen });',
    replace: 'void seen;',
  },
  {
    rule: 8,
    why: 'every refusal is a doubt',
    file: 'doubts.ts',
    find: 'if (REFUSALS[refusal.code].latches) {',
    replace: 'if (REFUSALS[refusal.code].meaning.length > 0) {',
  },
  {
    rule: 8,
    why: 'what the latch made of a row is told in the place of why it was latched',
    file: 'doubts.ts',
    find: 'doubt?.refusal ?? { code: refusal.code }',
    replace: '{ code: refusal.code }',
  },
  {
    rule: 8,
    why: 'a doubt stays though an operator acted',
    file: 'doubts.ts',
    find: 'if (isLater && isOneRelease) this.#doubts.delete(name);',
    replace: 'void [isLater, isOneRelease];',
  },
  {
    rule: 8,
    why: 'what was there when a doubt was noted ends it',
    file: 'doubts.ts',
    find: '(now.get(kind) ?? 0) > highest',
    replace: '(now.get(kind) ?? 0) >= highest',
  },
  {
    rule: 8,
    why: 'a doubt ends with the first kind that is released',
    file: 'doubts.ts',
    find: 'seen.every(',
    replace: 'seen.some(',
  },
  {
    rule: 8,
    why: 'rows that were not released take part in the end of a doubt',
    file: 'doubts.ts',
    find: 'rows.every(({ incarnation })',
    replace: 'rows.some(({ incarnation })',
  },
  {
    rule: 8,
    why: 'what the store had when a doubt was noted is forgotten',
    file: 'doubts.ts',
    find: 'Math.max(known.generation, stored?.generation ?? 0)',
    replace: 'Math.max(known.generation, stored === undefined ? 0 : known.generation)',
  },
  {
    rule: 8,
    why: 'a release that was seen before a doubt ends it',
    file: 'doubts.ts',
    find: 'raised(doubt?.seen ?? this.#untold.get(name), known.kind',
    replace: 'raised(doubt?.seen, known.kind',
  },
  {
    rule: 8,
    why: 'a release that was adopted long ago is held against a later doubt',
    file: 'doubts.ts',
    find: 'untold?.delete(kind);',
    replace: 'void kind;',
  },
  {
    rule: 8,
    why: 'a doubt about one key stops another',
    file: 'doubts.ts',
    find: 'return `${chainId}/${pkh}`;',
    replace: 'return pkh === "" ? pkh : chainId;',
  },
  {
    rule: 8,
    why: 'what an operator mended since is latched all the same',
    file: 'doubts.ts',
    find: 'isDoubted && rows.length > 0',
    replace: 'rows.length > 0',
  },
];
