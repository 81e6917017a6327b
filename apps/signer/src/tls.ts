/** Names of PEM files. */
type Files = Readonly<Partial<Record<'ca' | 'cert' | 'key', string | undefined>>>;

/** The option `tls` of a database, where any file is named: without one it is decided by the address. */
export function tlsOf({ ca, cert, key }: Files): {
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
} {
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  return Object.keys(tls).length === 0 ? {} : { tls };
}
