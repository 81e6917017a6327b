import { readFileSync } from 'node:fs';
import { basename, dirname, join, matchesGlob } from 'node:path';
import { layers } from './boundaries.js';

/**
 * What a folder makes of the project in it, so that no project can claim to be of another layer.
 * @param {string} folder
 */
export function projectIn(folder) {
  const found = Object.entries(layers).find(([, { folder: glob }]) => matchesGlob(folder, glob));
  if (found === undefined) throw new Error(`${folder} is in no layer of boundaries.js`);
  const [layer, { imports }] = found;
  const kind = layer === 'app' ? 'app' : 'lib';
  const name = layer === 'test' ? 'layer:test' : `${kind}:${basename(folder)}`;
  return { name, tags: [`layer:${layer}`, name], imports };
}

/** The Nx plugin: every project has the same two targets, so no package.json needs to spell them out. */
export const name = 'nx-projects';

/** @type {import('@nx/devkit').CreateNodesV2} */
export const createNodesV2 = [
  '{apps,libs,test}/**/package.json',
  (files, _, { workspaceRoot }) =>
    files.map(file => {
      refuseOtherTags(join(workspaceRoot, file), projectIn(dirname(file)).tags);
      return [file, { projects: { [dirname(file)]: project(dirname(file)) } }];
    }),
];

/**
 * Nx would add the tags of a package.json to ours, and who carries the tag of another layer is imported as one of it.
 * @param {string} path
 * @param {string[]} tags
 */
function refuseOtherTags(path, tags) {
  const manifest = /** @type {{ nx?: { tags?: string[] } }} */ (
    JSON.parse(readFileSync(path, 'utf8'))
  );
  const others = manifest.nx?.tags?.filter(tag => !tags.includes(tag)) ?? [];
  if (others.length > 0) throw new Error(`${path} claims to be ${others.join(', ')}`);
}

/** @param {string} folder */
function project(folder) {
  return {
    tags: projectIn(folder).tags,
    targets: {
      lint: { command: 'eslint {projectRoot}' },
      // The tests in test/ read the whole tree: no list of inputs would be true.
      test: { command: `vitest run --project ${basename(folder)}`, cache: folder !== 'test' },
    },
  };
}
