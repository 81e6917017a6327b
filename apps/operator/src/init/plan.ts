import { commentedFile, SIGNER, type Configured } from '@meridian/configuration';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import type { FlagOf, NamedNode } from '../addresses.ts';

/** Everything that the files of one region are made of. */
export type Plan = {
  readonly site: string;
  readonly chainId: string;
  readonly nodes: readonly NamedNode[];
  readonly signers: readonly string[];
  readonly keys: readonly string[];
  /** One for each key, in the same order. */
  readonly secretFiles: readonly string[];
  /** Of all keys, if they are encrypted. */
  readonly passwordFile: string | undefined;
  readonly store: string;
  readonly journal: string;
  readonly out: string;
};

/** A file to be written. */
export type Draft = {
  readonly app: Configured;
  readonly path: string;
  readonly text: string;
  /** Which flag a complaint about a key of the file is about. */
  readonly flagOf: FlagOf;
};

const FLAGS = {
  ...{
    site: '--site',
    chainId: '--chain-id',
    chains: '--chain-id',
    nodes: '--node',
    signers: '--signer',
  },
  ...{ store: '--store', journal: '--journal' },
};

/** The files of a plan. Paths in them are absolute: a daemon may be started anywhere. */
export function draftsOf(plan: Plan): readonly Draft[] {
  const { chainId, nodes, signers, keys, out } = plan;
  return [
    draft(out, 'endorser', { chainId, nodes, signers, keys }, { ...FLAGS, keys: '--key' }),
    draft(out, 'signer', signerOf(plan), {
      ...{ ...FLAGS, keys: '--secret-file', listen: '--signer' },
    }),
  ];
}

function draft(
  out: string,
  app: Configured,
  values: Readonly<Record<string, unknown>>,
  flagOf: FlagOf,
): Draft {
  return { app, path: join(out, `${app}.yaml`), text: commentedFile(app, values), flagOf };
}

/** Without this socket no watermark can be set up; it lies beside the configuration. */
const ADMIN_SOCKET = 'admin.sock';

function signerOf(plan: Plan): Readonly<Record<string, unknown>> {
  const { site, chainId, secretFiles, passwordFile, store, journal, signers, out } = plan;
  const keys = secretFiles.map((file, at) => ({
    name: secretFiles.length === 1 ? 'baker' : `baker${(at + 1).toString()}`,
    secretFile: resolve(file),
    ...(passwordFile === undefined ? {} : { passwordFile: resolve(passwordFile) }),
  }));
  const wanted = listenOf(signers[0] ?? '');
  const byDefault = SIGNER.shape.listen.parse(undefined);
  const isDefault = wanted?.host === byDefault.host && wanted.port === byDefault.port;
  const listen = isDefault ? undefined : wanted;
  return {
    site,
    chains: [chainId],
    ...(listen === undefined ? {} : { listen }),
    admin: resolve(out, ADMIN_SOCKET),
    ...{ store: resolve(store), journal: resolve(journal) },
    keys,
  };
}

const HTTP_PORT = 80;

/**
 * Where the signer listens so that it is found under its address. Behind a name or TLS stands something that only the
 * operator knows: undefined leaves the default.
 */
export function listenOf(
  url: string,
): { readonly host: string; readonly port: number } | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port } = new URL(url);
  const host = hostname === 'localhost' ? '127.0.0.1' : hostname.replace(/^\[(.*)\]$/, '$1');
  if (protocol !== 'http:' || isIP(host) === 0) return undefined;
  return { host, port: port === '' ? HTTP_PORT : Number(port) };
}
