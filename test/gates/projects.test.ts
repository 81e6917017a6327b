import { expect, test } from 'vitest';
import { skeleton, type Project } from './skeleton.ts';

/** What lint says of a workspace with one project. */
async function lintWith(project: Project): Promise<string> {
  const workspace = skeleton([project], []);
  try {
    const { stdout, stderr } = await workspace.run('eslint/bin/eslint.js', ['.']);
    return stdout + stderr;
  } finally {
    workspace.remove();
  }
}

test('a project that is in no layer stops lint', async () => {
  expect(await lintWith({ folder: 'libs/stray' })).toContain('libs/stray is in no layer');
}, 20_000);

test('a project that claims another layer stops lint', async () => {
  const manifest = { nx: { tags: ['layer:io', 'layer:core'] } };
  const said = await lintWith({ folder: 'libs/io/forged', manifest });
  expect(said).toContain('libs/io/forged/package.json claims to be layer:core\n');
}, 20_000);

test('a project that repeats what its folder says is fine', async () => {
  const manifest = { nx: { tags: ['layer:io'] } };
  expect(await lintWith({ folder: 'libs/io/modest', manifest })).toBe('');
}, 20_000);
