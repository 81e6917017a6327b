import { fileURLToPath } from 'node:url';
import { startProcess, type Process } from '@meridian/faults';
import { DRILL, type Drill } from './drill.ts';

/** A signer that runs. */
export type Signer = {
  readonly url: string;
  /** Where it tells of itself. */
  readonly operations: string;
  readonly process: Process;
  readonly hasEnded: () => boolean;
  /** Tells it to end, without waiting. */
  readonly tellToEnd: () => void;
};

const APP = fileURLToPath(new URL('../../../apps/signer/src/main.ts', import.meta.url));
/** The program that a drill runs in the place of the app. */
export const DRILLED = fileURLToPath(new URL('drilled-signer.ts', import.meta.url));

/** Starts a signer and waits until it listens; with a drill, one that fails as the drill says. */
export async function startSigner(configuration: string, drill?: Drill): Promise<Signer> {
  const program = drill === undefined ? APP : DRILLED;
  const { haltAt } = drill ?? {};
  const running = startProcess({
    command: process.execPath,
    args: [program, '--config', configuration],
    ready: /^\{"app":"signer"/,
    ...(drill === undefined ? {} : { env: { [DRILL]: JSON.stringify(drill) } }),
    ...(haltAt === undefined ? {} : { haltAt }),
  });
  let ended = false;
  void running.ended.then(() => (ended = true));
  const { port, operationsPort } = JSON.parse(await running.ready) as Record<string, number>;
  return {
    url: `http://127.0.0.1:${port}`,
    operations: `http://127.0.0.1:${operationsPort}`,
    process: running,
    hasEnded: () => ended,
    tellToEnd: () => process.kill(running.pid, 'SIGTERM'),
  };
}
