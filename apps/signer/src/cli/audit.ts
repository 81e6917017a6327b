import { verifyAudits, type NamedVerdict } from '../audit/verify.ts';

/** What is said of audit files. */
type Said = { readonly isGood: boolean; readonly lines: readonly string[]; readonly json: unknown };

/**
 * Says what is known to be good of audit files, and what is not.
 * @throws AuditError `unreadable`
 */
export async function auditsVerified(paths: readonly string[]): Promise<Said> {
  const verdicts = await verifyAudits(paths);
  const [only, ...others] = verdicts.map(({ file, lines, hash, broken, setAside, isChanged }) => ({
    ...{ file, lines, hash, broken, set_aside: setAside },
    ...(isChanged ? { changed: true } : {}),
  }));
  return {
    isGood: verdicts.every(({ broken, isChanged }) => broken === undefined && !isChanged),
    lines: verdicts.flatMap(verdict => {
      const prefix = others.length === 0 ? '' : `${verdict.file}: `;
      return linesOf(verdict).map(line => `${prefix}${line}`);
    }),
    json: others.length === 0 ? only : { files: [only, ...others] },
  };
}

function linesOf({ lines, hash, broken, setAside, isChanged }: NamedVerdict): readonly string[] {
  const good = `${lines.toString()} lines, the last is ${hash}`;
  const all =
    broken === undefined
      ? [good]
      : [`line ${broken.line.toString()}: ${broken.why}`, `good before it: ${good}`];
  if (setAside !== undefined) all.push(`it follows ${setAside.file}, which was damaged`);
  if (isChanged) all.push('it is not what was set aside: its bytes have changed since');
  return all;
}
