import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Outcome } from '../command.ts';
import { listenOf, type Draft, type Plan } from './plan.ts';

/** What to say once the files are there: what is still amiss, and what to type next. */
export async function afterwards(plan: Plan, drafts: readonly Draft[]): Promise<Outcome> {
  const files = drafts.map(({ path }) => path);
  const notes = await notesOn(plan);
  const next = nextCommands(plan, drafts);
  return {
    status: 0,
    lines: [
      ...files.map(path => `written  ${path}`),
      ...notes.map(note => `note     ${note}`),
      'next',
      ...next.map(command => `  ${command}`),
    ],
    json: { chainId: plan.chainId, files, notes, next },
  };
}

/** The two dashes keep npm from taking the flags of a program for its own. */
const NPX = 'npx --no --';

function nextCommands({ nodes, keys }: Plan, drafts: readonly Draft[]): readonly string[] {
  const run = ({ app, path }: Draft, more = ''): string =>
    `${NPX} meridian-${app} --config ${quoted(path)}${more}`;
  const pathOf = (wanted: Draft['app']): string =>
    quoted(drafts.find(({ app }) => app === wanted)?.path ?? '');
  const asked = nodes.map(({ url }) => ` --node ${quoted(url)}`).join('');
  const named = keys.map(key => ` --key ${key}`).join('');
  const firstUse = `watermark init --first-use${named} --by "$(id -un)" --config ${pathOf('signer')}${asked}`;
  // The signer comes first: an endorser without one cannot vote.
  const order = [...drafts].reverse();
  return [
    ...order.map(draft => run(draft, ' --check-config')),
    ...order.flatMap(draft => [
      run(draft),
      ...(draft.app === 'signer' ? [`${NPX} meridian-signer ${firstUse}`] : []),
    ]),
    `${NPX} meridian doctor --endorser ${pathOf('endorser')}`,
  ];
}

/** A word of a shell. */
function quoted(word: string): string {
  return /^[\w./@:+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Group and others. */
const EXPOSED_MODE = 0o077;

/** What the daemons will complain of; nothing secret is opened for it. */
async function notesOn(plan: Plan): Promise<readonly string[]> {
  const { signers, secretFiles, passwordFile, store, journal } = plan;
  const secrets = [...secretFiles, ...(passwordFile === undefined ? [] : [passwordFile])];
  const onSecrets = await Promise.all(secrets.map(noteOnSecret));
  const [first = '', ...others] = signers;
  return [
    ...onSecrets.flat(),
    ...(await noteOnFolder(dirname(store), '--store')),
    ...(await noteOnFolder(dirname(journal), '--journal')),
    ...(await noteOnVolumes(dirname(store), dirname(journal))),
    ...(listenOf(first) === undefined
      ? [
          `signer.yaml: ${first} may stand for anything; set listen to where the signer is to listen`,
        ]
      : []),
    ...others.map(
      url =>
        `${url} is started from signer.yaml too, with a LISTEN_PORT, an OPERATIONS_PORT and an ADMIN of its own (MERIDIAN_SIGNER_…)`,
    ),
    'watermark init --first-use is for keys that never signed; for others read docs/signer.md, "Moving from another signer"',
  ];
}

async function noteOnFolder(folder: string, flag: string): Promise<readonly string[]> {
  return (await isThere(folder)) ? [] : [`${folder}: make this folder for ${flag}`];
}

/** What one volume holds is put back together, and then nothing tells that it is old. */
async function noteOnVolumes(store: string, journal: string): Promise<readonly string[]> {
  const volumes = await Promise.all([store, journal].map(volumeOf));
  return volumes[0] !== undefined && volumes[0] === volumes[1]
    ? ['signer.yaml: store and journal lie on one volume; put the journal on another one']
    : [];
}

async function volumeOf(folder: string): Promise<number | undefined> {
  return (await stat(folder).catch(() => undefined))?.dev;
}

async function noteOnSecret(path: string): Promise<readonly string[]> {
  try {
    const { mode } = await stat(path);
    return (mode & EXPOSED_MODE) === 0
      ? []
      : [`${path} is readable by others, which the signer refuses: chmod 600 ${quoted(path)}`];
  } catch {
    return [`${path} is not there yet`];
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
