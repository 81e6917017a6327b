import { readdirSync, existsSync } from 'node:fs';
import { configDefaults, defineConfig } from 'vitest/config';

/** Every workspace project is a vitest project of the same name, found where npm finds it. */
const folders = ['apps', 'libs', 'libs/core', 'libs/io', 'libs/testkit']
  .flatMap(parent =>
    existsSync(parent) ? readdirSync(parent).map(name => `${parent}/${name}`) : [],
  )
  .concat('test')
  .filter(folder => existsSync(`${folder}/package.json`));

/**
 * What keeps time with a clock, or keeps both processors busy for minutes: run one after another once all else is done,
 * so that neither is disturbed by the other.
 */
const alone = [
  'lab/start/**/*.test.ts',
  'lab/first-use.test.ts',
  'lab/recording.test.ts',
  'lab/shadow.test.ts',
  'lab/storm/**/*.test.ts',
  'lab/trio/**/*.test.ts',
];

/** Where CI wants the counts, beside what people read. */
const report = process.env['TEST_REPORT'];

export default defineConfig({
  test: {
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    projects: [
      ...folders.map(root => ({
        test: {
          name: root.split('/').at(-1) ?? root,
          root,
          exclude: [...configDefaults.exclude, ...(root === 'test' ? alone : [])],
        },
      })),
      {
        test: {
          name: 'alone',
          root: 'test',
          include: alone,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
