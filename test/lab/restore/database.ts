import { writeFileSync } from 'node:fs';
import { done, meridianSigner, type Site } from './site.ts';

/** A database that is made ready as an operator does it; the part of a configuration that names it. */
export async function migrated(site: Site, url: string, name = 'database'): Promise<Shared> {
  const urlFile = site.at(`${name}.url`);
  writeFileSync(urlFile, `${url}\n`, { mode: 0o600 });
  const said = await meridianSigner('database', 'migrate', '--url-file', urlFile, '--json');
  done(said);
  return { database: { urlFile, cluster: String(said.json['cluster']) } };
}

/** The part of a signer's configuration that is about a shared store. */
export type Shared = {
  readonly database: {
    readonly urlFile: string;
    readonly cluster: string;
    readonly failover?: 'synchronous';
  };
};
