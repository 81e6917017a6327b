import type { JudgedRight, SandboxSummary } from './record.ts';
import type { System } from './system.ts';

/** A right is judged when two more blocks are there. */
export const JUDGED_AFTER_LEVELS = 2;

/** What the sandbox counted so far; what it said before where it does not answer. */
export async function summaryFrom(
  { control }: Pick<System, 'control'>,
  before: SandboxSummary,
): Promise<SandboxSummary> {
  try {
    return (await (await fetch(`${control}/summary`)).json()) as SandboxSummary;
  } catch {
    return before;
  }
}

/** Tells each right as it is judged, until the signal or the end of the sandbox. Never rejects. */
export async function followRights(
  { control }: Pick<System, 'control'>,
  signal: AbortSignal,
  told: (right: JudgedRight) => void,
): Promise<void> {
  try {
    const response = await fetch(`${control}/levels`, { signal });
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of response.body ?? []) {
      const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) told(JSON.parse(line) as JudgedRight);
    }
  } catch {
    // The run has ended, and the sandbox with it.
  }
}
