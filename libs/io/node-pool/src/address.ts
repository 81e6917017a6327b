import { NodeError } from './errors.ts';

/** Where a node answers: `prefix` comes before every path, for nodes behind a proxy; it has no slash at its end. */
export type Address = { readonly href: string; readonly origin: string; readonly prefix: string };

/** @throws NodeError `unreachable` when `url` is no HTTP address */
export function addressOf(url: string): Address {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new NodeError('unreachable', `${JSON.stringify(url)} is no http or https address`);
  }
  const { href, origin, pathname } = parsed;
  return { href, origin, prefix: pathname.replace(/\/$/, '') };
}
