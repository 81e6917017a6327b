import { CHECKS, type CheckName, type Finding } from './checks.ts';
import { examineKeys } from './keys.ts';
import { examineNode } from './node.ts';
import { compareNodes, type Network } from './nodes.ts';
import { probeOf } from './probe.ts';
import { examineSigners } from './signers.ts';
import type { Targets } from './targets.ts';

/** Looks at everything; each question has `timeoutMs`, whatever its outcome. */
export async function examine(targets: Targets, timeoutMs: number): Promise<readonly Finding[]> {
  const { chainId, nodes, signers, keys, quorum } = targets;
  const examined = await Promise.all(
    nodes.map(({ name, url }) => examineNode(name, probeOf(url, timeoutMs), keys[0])),
  );
  const network: Network =
    nodes.length > 0
      ? await compareNodes(examined, { chainId, quorum })
      : { chainId, usable: [], head: undefined, constants: undefined, findings: [] };
  const sites = signers.map(url => ({ name: new URL(url).host, probe: probeOf(url, timeoutMs) }));
  const [onSigners, onKeys] = await Promise.all([
    sites.length > 0 ? examineSigners(sites, keys, network) : [],
    nodes.length > 0 ? examineKeys(keys, network) : [],
  ]);
  const subjects = [...nodes.map(({ name }) => name), 'nodes', ...sites.map(({ name }) => name)];
  return inOrder(
    [...examined.flatMap(({ findings }) => findings), ...network.findings, ...onSigners, ...onKeys],
    [...subjects, ...keys],
  );
}

/** By subject, and of one subject as the table of checks has them. */
function inOrder(findings: readonly Finding[], subjects: readonly string[]): readonly Finding[] {
  const names = Object.keys(CHECKS) as readonly CheckName[];
  const place = ({ subject, check }: Finding): number =>
    subjects.indexOf(subject) * names.length + names.indexOf(check);
  return findings.toSorted((one, other) => place(one) - place(other));
}
