import { relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packages, plants, projects, type Plant } from './planted.ts';
import { skeleton, type Skeleton } from './skeleton.ts';

/*
 * Every boundary is proved by breaking it: a copy of the workspace's shape under the real rules gets one forbidden line
 * for each rule, beside the lines that are allowed, and lint must name exactly the forbidden ones.
 */

const planted = layOut(plants());
let workspace: Skeleton;

/** What lint found in each file. */
const findings = new Map<string, readonly Finding[]>();

type Placed = Plant & { readonly first: number; readonly last: number };
type Finding = { readonly line: number; readonly refusedBy: string };
type Report = readonly { readonly filePath: string; readonly messages: readonly Message[] }[];
type Message = {
  readonly line: number;
  readonly ruleId: string | null;
  readonly messageId?: string;
  readonly message: string;
};

/** `file(line` of each error of the compiler that sees core without Node's types. */
let compilerErrors: readonly string[];

beforeAll(async () => {
  workspace = skeleton(projects, packages);
  for (const [file, text] of textsOf(planted)) workspace.write(file, text);
  workspace.write('tsconfig.probe.json', probe());
  const [lint, compiler] = await Promise.all([
    workspace.run('eslint/bin/eslint.js', ['--format', 'json', '.']),
    workspace.run('typescript/bin/tsc', ['--project', 'tsconfig.probe.json']),
  ]);
  for (const { filePath, messages } of JSON.parse(lint.stdout) as Report) {
    findings.set(relative(workspace.folder, filePath), messages.map(finding));
  }
  compilerErrors = compiler.stdout.split('\n').map(line => line.split(',')[0] ?? '');
}, 60_000);

afterAll(() => workspace.remove());

describe('lint', () => {
  test.each(planted)('$says', ({ file, first, last, refusedBy }) => {
    const found = findings.get(file)?.filter(({ line }) => line >= first && line <= last);
    const expected = refusedBy === undefined ? [] : [refusedBy];
    expect(found?.map(one => one.refusedBy)).toEqual(expected);
  });

  test('nothing that is not planted is refused', () => {
    const found = [...findings.values()].flat();
    expect(found).toHaveLength(planted.filter(plant => plant.refusedBy !== undefined).length);
  });
});

describe('the compiler', () => {
  const errorsIn = (says: string): boolean => {
    const plant = planted.find(one => one.says === says);
    expect(plant, says).toBeDefined();
    return compilerErrors.includes(`${plant?.file}(${plant?.first}`);
  };
  const folders = ['libs/core/any-core', 'libs/prelude'];

  test.each(folders)('knows nothing of Node in %s', folder => {
    const names = ['process', 'Buffer', 'setTimeout', 'console', 'fetch', 'crypto', 'performance'];
    expect(names.filter(name => !errorsIn(`${folder} may not name ${name}`))).toEqual([]);
    expect(errorsIn(`${folder} may not import node:fs`)).toBe(true);
  });

  test('knows the packages that core may import', () => {
    const file = 'libs/core/any-core/src/third-parties.ts';
    expect(planted.filter(plant => plant.file === file)).toHaveLength(3);
    expect(compilerErrors.filter(error => error.startsWith(file))).toEqual([]);
  });
});

/** Puts each plant below the last one of its file, and says from which line to which it is. */
function layOut(all: readonly Plant[]): readonly Placed[] {
  const ends = new Map<string, number>();
  return all.map(plant => {
    const first = (ends.get(plant.file) ?? 0) + 1;
    const last = first + plant.text.split('\n').length - 1;
    ends.set(plant.file, last);
    return { ...plant, first, last };
  });
}

function textsOf(all: readonly Plant[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const { file, text } of all) texts.set(file, `${texts.get(file) ?? ''}${text}\n`);
  return texts;
}

/** The real compiler options of core, for what core may import only: other packages bring Node's types along. */
function probe(): string {
  const folders = ['libs/core/any-core', 'libs/prelude'];
  const files = [
    ...folders.map(folder => `${folder}/src/impure.ts`),
    'libs/core/any-core/src/third-parties.ts',
  ];
  return JSON.stringify({ extends: './tsconfig.core.json', include: files });
}

/** The line, and the rule in the words of the plants. */
function finding({ line, ruleId, messageId, message }: Message): Finding {
  if (ruleId === '@nx/enforce-module-boundaries') return { line, refusedBy: messageId ?? ruleId };
  return { line, refusedBy: ruleId ?? message.split(' (')[0] ?? '' };
}
