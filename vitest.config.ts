import { readdirSync, existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** Every workspace project is a vitest project of the same name, found where npm finds it. */
const folders = ['apps', 'libs', 'libs/core', 'libs/io', 'libs/testkit']
  .flatMap(parent =>
    existsSync(parent) ? readdirSync(parent).map(name => `${parent}/${name}`) : [],
  )
  .concat('test')
  .filter(folder => existsSync(`${folder}/package.json`));

/** Where CI wants the counts, beside what people read. */
const report = process.env['TEST_REPORT'];

export default defineConfig({
  test: {
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    projects: folders.map(root => ({ test: { name: root.split('/').at(-1) ?? root, root } })),
  },
});
