import { lastJson, run } from '../cli.fixtures.ts';
import type { CheckName, Finding } from './checks.ts';
import { CHAIN, startFake, type Fake, type Script } from './fixtures.ts';

const started: Fake[] = [];

/** Starts a service that ends with the test, and gives its address. */
export async function fake(script: Script): Promise<string> {
  const one = await startFake(script);
  started.push(one);
  return one.url;
}

/** Ends every service of a test. */
export async function closeAll(): Promise<void> {
  await Promise.all(started.splice(0).map(one => one.close()));
}

/** What the command said and exited with. */
export type Report = {
  readonly status: number;
  readonly checks: readonly (Finding & { readonly remedy?: string })[];
};

/** Runs the command with short time limits; its sums have to be those of its checks. */
export async function doctor(...args: readonly string[]): Promise<Report> {
  const done = await run(['doctor', '--timeout', '0.3', '--json', ...args]);
  const { checks, ...counts } = lastJson(done) as { checks: Report['checks'] };
  for (const [name, count] of Object.entries(counts)) {
    const those = checks.filter(({ status }) => status === name).length;
    if (those !== count)
      throw new Error(`${String(count)} ${name}, but ${those.toString()} listed`);
  }
  return { status: done.status, checks };
}

/** What came of one check, as `status found`, a line for each time. */
export function outcome({ checks }: Report, name: CheckName, subject?: string): string {
  return checks
    .filter(({ check, subject: whose }) => check === name && whose === (subject ?? whose))
    .map(({ status, found }) => `${status} ${found}`)
    .join('\n');
}

/** The flags of one node that is to be on the chain of the fixtures. */
export const nodeArgs = (url: string): readonly string[] => [
  ...['--chain-id', CHAIN, '--node', `us=${url}`],
];
