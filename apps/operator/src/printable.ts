/** Characters of a foreign text that are repeated. */
const REPEATED_MAX = 200;

/** What somebody else wrote, without what would steer a terminal. */
export function printable(text: string): string {
  const shown = text.replace(/[\p{C}\s]+/gu, ' ').trim();
  return shown.length > REPEATED_MAX ? `${shown.slice(0, REPEATED_MAX)}…` : shown;
}
