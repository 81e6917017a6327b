import { wordOf } from '../addresses.ts';
import type { Call, Command, Outcome } from '../command.ts';
import { OperatorError } from '../errors.ts';
import { CHECKS, helpOnChecks, type CheckStatus, type Finding } from './checks.ts';
import { examine } from './examine.ts';
import { targetsOf } from './targets.ts';

const TIMEOUT_SECONDS = 5;
const TIMEOUT_SECONDS_MAX = 60;

/** The command that looks at all that a vote depends on. */
export const DOCTOR_COMMANDS: readonly Command[] = [
  {
    usage: 'doctor',
    summary: 'check the nodes, signers and keys of an endorser; changes nothing',
    options: [
      ['--endorser <FILE>', "an endorser's configuration: all that it names is checked"],
      ['--node <name=url...>', 'without --endorser: a node; may be repeated'],
      ['--signer <URL...>', 'without --endorser: a signer; may be repeated'],
      ['--key <ADDRESS...>', 'without --endorser: a consensus key; may be repeated'],
      ['--chain-id <ID>', 'without --endorser: the chain to vote on'],
      ['--quorum <NUMBER>', 'without --endorser: how many nodes have to agree'],
      ['--timeout <SECONDS>', `for each question (default: ${TIMEOUT_SECONDS.toString()})`],
    ],
    details: [
      ...helpOnChecks(),
      '',
      'Exit status: 0 if nothing fails (warnings do not), 1 if something does, 2 misused.',
    ],
    examples: [
      'doctor --endorser endorser.yaml',
      'doctor --node us=http://10.0.0.1:8732 --node ie=http://10.1.0.1:8732 --json',
    ],
    run: doctorCall,
  },
];

async function doctorCall(call: Call): Promise<Outcome> {
  const timeoutMs = timeoutOf(call);
  const findings = await examine(targetsOf(call), timeoutMs);
  const count = (status: CheckStatus): number =>
    findings.filter(finding => finding.status === status).length;
  const counts = { ok: count('ok'), warn: count('warn'), fail: count('fail') };
  const { ok, warn, fail } = counts;
  return {
    status: fail === 0 ? 0 : 1,
    lines: [
      ...linesOf(findings),
      `${ok.toString()} ok, ${warn.toString()} warn, ${fail.toString()} fail`,
    ],
    json: { ...counts, checks: findings.map(withRemedy) },
  };
}

function timeoutOf(call: Call): number {
  const text = wordOf(call, 'timeout') ?? TIMEOUT_SECONDS.toString();
  const value = /^\d{1,3}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (value > 0 && value <= TIMEOUT_SECONDS_MAX) return value * 1_000;
  const bound = TIMEOUT_SECONDS_MAX.toString();
  throw new OperatorError('misused', `--timeout is a number of seconds up to ${bound}`);
}

function linesOf(findings: readonly Finding[]): readonly string[] {
  const subjects = Math.max(...findings.map(({ subject }) => subject.length));
  const names = Math.max(...findings.map(({ check }) => check.length));
  return findings.flatMap(finding => {
    const { status, subject, check, found } = finding;
    const line = `${status.padEnd(4)}  ${subject.padEnd(subjects)}  ${check.padEnd(names)}  ${found}`;
    return status === 'ok' ? [line] : [line, `      remedy: ${CHECKS[check].remedy}`];
  });
}

function withRemedy(finding: Finding): object {
  return finding.status === 'ok' ? finding : { ...finding, remedy: CHECKS[finding.check].remedy };
}
