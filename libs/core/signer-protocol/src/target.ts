/** A request's target: the parts of its path without empty ones, and its query in order. */
export type Target = {
  readonly path: readonly string[];
  readonly query: readonly (readonly [key: string, value: string])[];
};

/** Reads a target; undefined when a percent escape in it stands for nothing. */
export function parseTarget(target: string): Target | undefined {
  const at = target.indexOf('?');
  const [pathText, queryText] = at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
  try {
    const path = pathText
      .split('/')
      .filter(part => part !== '')
      .map(decodeURIComponent);
    const query = queryText
      .split('&')
      .filter(part => part !== '')
      .map(pairOf);
    return { path, query };
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function pairOf(text: string): [string, string] {
  const at = text.indexOf('=');
  const [key, value] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  return [decodeURIComponent(key), decodeURIComponent(value)];
}
