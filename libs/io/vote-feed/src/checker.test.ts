import { checkJobs, type Findings, type Job } from '@meridian/chain-view';
import { publicKeyOf, secretKeyOfSeed, sign } from '@meridian/tezos/crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { nativeVerifier } from './index.ts';
import { openChecker, startWorker, type Checker } from './checker.ts';

const ADDRESSES = ['tz1', 'tz2', 'tz3', 'tz4'] as const;

/** Jobs of every curve, and a sum; each second claim is forged, another one from task to task. */
function jobsOf(task: number): readonly Job[] {
  const bytes = Uint8Array.of(0x12, task);
  const claim = (address: (typeof ADDRESSES)[number], at: number) => {
    const secret = secretKeyOfSeed(address, new Uint8Array(32).fill(at + 1));
    const isForged = (at + task) % 2 === 0;
    return {
      key: publicKeyOf(secret),
      signature: sign(secret, isForged ? Uint8Array.of(9) : bytes),
    };
  };
  const single = ADDRESSES.map((address, at) => ({ bytes, claims: [claim(address, at)] }));
  return [{ bytes, claims: [0, 1, 2, 3].map(at => claim('tz4', at)) }, ...single];
}

const foundHere = (jobs: readonly Job[]): Findings => checkJobs(nativeVerifier(), jobs);

let open: Checker | undefined;
afterEach(() => open?.close());

/** A checker whose threads are counted. */
function checkerOf(start: (at: number) => Worker) {
  const workers: Worker[] = [];
  open = openChecker(() => {
    const worker = start(workers.length);
    workers.push(worker);
    return worker;
  });
  return { checker: open, workers };
}

/** A thread that ends as soon as it is asked something. */
const mortal = (): Worker =>
  new Worker(`require('node:worker_threads').parentPort.once('message', () => process.exit(1))`, {
    eval: true,
    execArgv: [],
  });
/** A thread that cannot even start. */
const stillborn = (): Worker => new Worker('throw new Error("no")', { eval: true, execArgv: [] });

test('a thread finds what is found without one, and each task gets its own answer', async () => {
  const { checker, workers } = checkerOf(startWorker);
  const tasks = [0, 1, 2, 3].map(jobsOf);
  const findings = await Promise.all(tasks.map(checker.check));
  expect(findings).toEqual(tasks.map(foundHere));
  expect(findings[0]).not.toEqual(findings[1]);
  expect(workers).toHaveLength(1);
});

test('a thread that dies is replaced, and what it was asked is asked again', async () => {
  const { checker, workers } = checkerOf(at => (at === 0 ? mortal() : startWorker()));
  const tasks = [0, 1].map(jobsOf);
  expect(await Promise.all(tasks.map(checker.check))).toEqual(tasks.map(foundHere));
  expect(workers).toHaveLength(2);
});

test('a thread that dies between two tasks is replaced at the next one', async () => {
  const { checker, workers } = checkerOf(startWorker);
  await checker.check(jobsOf(0));
  await workers[0]!.terminate();
  expect(await checker.check(jobsOf(1))).toEqual(foundHere(jobsOf(1)));
  expect(workers).toHaveLength(2);
});

test.each([
  ['dies of what it is asked', mortal],
  ['cannot start', stillborn],
])('where every thread %s, checks are made without one', async (_what, start) => {
  const { checker, workers } = checkerOf(start);
  expect(await checker.check(jobsOf(0))).toEqual(foundHere(jobsOf(0)));
  expect(workers.length).toBeLessThanOrEqual(4);
});

test('close ends the thread, whatever it was asked, and starts no other', async () => {
  const { checker, workers } = checkerOf(mortal);
  const answers: Findings[] = [];
  void checker.check(jobsOf(0)).then(found => answers.push(found));
  const ended = once(workers[0]!, 'exit');
  await checker.close();
  await ended;
  void checker.check(jobsOf(1)).then(found => answers.push(found));
  await checker.close();
  expect(workers).toHaveLength(1);
  expect(answers).toEqual([]);
});
