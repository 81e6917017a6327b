import { checkJobs } from '@meridian/chain-view';
import { parentPort } from 'node:worker_threads';
import type { Answer, Task } from './checker.ts';
import { nativeVerifier } from './verifier.ts';

/* The thread of `openChecker`: a task comes, its answer goes. */

const verifier = nativeVerifier();
parentPort?.on('message', ({ id, jobs }: Task) => {
  parentPort?.postMessage({ id, findings: checkJobs(verifier, jobs) } satisfies Answer);
});
