import type { Mutant } from './mutant.ts';

type Line = readonly [why: string, find: string, replace: string];

const of = (file: string, lines: readonly Line[]): readonly Mutant[] =>
  lines.map(([why, find, replace]) => ({
    ...{ rule: 10, why, file: `interchange/${file}`, find, replace },
  }));

/** Files of marks, broken one line at a time. */
export const WATERMARK_INTERCHANGE_MUTANTS: readonly Mutant[] = [
  ...of('file.ts', [
    ['a signature is not verified', '&& verify(signed_by, signature, interchangeBytes(file))', ''],
    ['any key may have signed', 'signed_by === key && verify(', 'verify('],
    [
      'the rows are not signed',
      'canonicalBytes({ metadata, data }',
      'canonicalBytes({ metadata, data: data.slice(0, 0) }',
    ],
    ['a row comes twice', "if (seen.has(key)) return problem('twice', path);", ''],
    ['a later version is read', "|| metadata['version'] !== VERSION", ''],
    [
      'a file may have any number of rows',
      'if (data.length > ENTRIES_MAX)',
      'if (data.length < 0)',
    ],
    [
      'a floor has a payload',
      "if (row.digest === null && row.bytes !== null) return ['bytes', 'a floor has no payload'];",
      '',
    ],
  ]),
  ...of('fields.ts', [
    [
      'a field that is not known is passed over',
      'return unknown === undefined',
      'return unknown !== null',
    ],
    [
      'a field may be missing',
      "if (!Object.hasOwn(value, each)) return problem('bad_field', at(each), 'is missing');",
      'if (!Object.hasOwn(value, each)) continue;',
    ],
    ['a level may be negative', 'value >= 0 && value <= max', 'value <= max'],
  ]),
  ...of('floors.ts', [
    [
      'marks that were read two bytes off are taken',
      "if (isOld && pkh.startsWith('tz4'))",
      "if (isOld && pkh.startsWith('tz5'))",
    ],
    ['a mark without a round is one of round 0', 'mark.round ?? LAST_ROUND', 'mark.round ?? 0'],
    [
      'the payload round of a block is taken for its round',
      "kind === 'block' ? { level: mark.level } : mark",
      'mark',
    ],
    [
      'the lower mark counts',
      'comparePositions(floor, before) > 0',
      'comparePositions(floor, before) < 0',
    ],
    [
      'a folder of nothing is an empty watermark',
      'if (known.length === 0)',
      'if (known.length < 0)',
    ],
  ]),
];
