import { Socket } from 'node:net';

/*
 * Loaded before a program that the launcher runs in a child: ends the program when the launcher is gone, also when it
 * was killed and could tell nobody.
 */

const SHUTDOWN_MAX_MS = 300;

const pipe = process.env['MERIDIAN_TETHER'];
if (pipe !== undefined) {
  // Workers and forks of the program load this too, and the pipe is not theirs.
  delete process.env['MERIDIAN_TETHER'];
  const tether = new Socket({ fd: Number(pipe) });
  tether.on('error', letGo);
  tether.on('end', letGo);
  tether.resume();
  // A program that has finished does not wait for its launcher.
  tether.unref();
}

function letGo() {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), SHUTDOWN_MAX_MS).unref();
}
