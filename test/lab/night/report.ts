/** What came of a part. */
export type Ran = {
  readonly title: string;
  readonly command: string;
  /** The day, in UTC. */
  readonly date: string;
  readonly commit: string;
  /** On what it ran. */
  readonly machine: string;
  readonly held: boolean;
  readonly seconds: number;
  /** The object that the command printed last. */
  readonly figures: Readonly<Record<string, unknown>>;
};

const HEAD = `# Nights

What takes too long for every change, as it ran last. Written by \`npm run night\`; a part that did not run again stays as
it was.
`;
const PART = /^## (.+)$/m;

/** The report with what ran now in the place of what was written under the same title before. */
export function reportOf(before: string, ran: readonly Ran[]): string {
  const parts = new Map<string, string>();
  const [, ...old] = before.split(/^(?=## )/m);
  for (const text of old) parts.set(PART.exec(text)?.[1] ?? '', text.trimEnd());
  for (const one of ran) parts.set(one.title, sectionOf(one));
  return `${[HEAD.trimEnd(), ...parts.values()].join('\n\n')}\n`;
}

function sectionOf(ran: Ran): string {
  const { title, command, date, commit, machine, held, seconds, figures } = ran;
  const outcome = `${held ? 'Held' : 'Failed'} on ${date} at ${commit}, in ${seconds} s on ${machine}.`;
  const lines = Object.entries(figures).flatMap(([name, value]) => lineOf(name, value));
  return [`## ${title}`, '', `\`${command}\``, '', outcome, '', ...lines].join('\n').trimEnd();
}

/** Lists are counted where they are long; objects become one line. */
function lineOf(name: string, value: unknown): readonly string[] {
  if (Array.isArray(value)) return [`- ${name}: ${value.length}`];
  if (typeof value !== 'object' || value === null) return [`- ${name}: ${String(value)}`];
  const inner = Object.entries(value).map(([key, of]) => `${key} ${String(of)}`);
  return [`- ${name}: ${inner.length === 0 ? 'none' : inner.join(', ')}`];
}
