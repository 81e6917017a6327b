import type { Call } from './command.ts';

/** A node as a configuration names it. */
export type NamedNode = { readonly name: string; readonly url: string };

/** The words of an option that may be given several times, in their order. */
export function wordsOf({ options }: Call, name: string): readonly string[] {
  const given = options[name];
  if (Array.isArray(given)) return given as readonly string[];
  return typeof given === 'string' ? [given] : [];
}

/** The word of an option that is given once; undefined when it is not. */
export function wordOf({ options }: Call, name: string): string | undefined {
  const given = options[name];
  return typeof given === 'string' ? given : undefined;
}

/** A name before an equals sign; an address has a colon first. */
const NAMED = /^([\w.-]+)=(.*)$/s;

/** Reads `us-1=http://…`; an address without a name gets one from its place, counted from 1. */
export function readNode(text: string, place: number): NamedNode {
  const [, name, url] = NAMED.exec(text) ?? [];
  return name === undefined || url === undefined
    ? { name: `node${place.toString()}`, url: text }
    : { name, url };
}

/** Which flag stands behind each key of a configuration. */
export type FlagOf = Readonly<Record<string, string>>;

/** Problems of a configuration, each with the flag from which the value came in front. */
export function problemsByFlag(problems: readonly string[], flagOf: FlagOf): readonly string[] {
  return problems.map(problem => {
    const [key = ''] = problem.split(/[.:]/, 1);
    const flag = flagOf[key];
    return flag === undefined ? problem : `${flag}: ${problem}`;
  });
}
