import { SandboxError } from './errors.ts';

/**
 * A whole number from text.
 * @throws SandboxError `misused`, naming what it is of
 */
export function whole(what: string, text: string, min: number, max: number): number {
  const value = /^-?\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw misused(`${what} is a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
}

/** A command line that makes no sense. */
export function misused(text: string): SandboxError {
  return new SandboxError('misused', text);
}
