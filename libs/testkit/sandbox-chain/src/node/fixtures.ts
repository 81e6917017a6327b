import { assert, instant } from '@meridian/prelude';
import type { SandboxChain } from '../contract.ts';
import { createNode, type SandboxNode } from './node.ts';
import type { Answer, Reply } from './reply.ts';

/** A node on such a chain. */
export function nodeOn(chain: SandboxChain): SandboxNode {
  return createNode(chain, { name: 'node1', now: () => instant(0) });
}

/** What a node says to a request. */
export function ask(node: SandboxNode, target: string, method = 'GET', body = ''): Reply {
  const [path = '', query = ''] = target.split('?');
  return node.handle({ method, path, query: new URLSearchParams(query), body });
}

/** An answer with its JSON; undefined for a body that is none. */
export function said(
  node: SandboxNode,
  target: string,
  method = 'GET',
  body = '',
): Answer & { readonly json: unknown } {
  const reply = ask(node, target, method, body);
  assert(!('stream' in reply), `${target} is a stream`);
  const isJson = reply.headers['content-type'] === 'application/json';
  return { ...reply, json: isJson ? (JSON.parse(reply.body) as unknown) : undefined };
}

/** What a stream has said so far, `end` at its end; stop it with `stop`. */
export function listen(
  node: SandboxNode,
  target: string,
): { readonly items: readonly unknown[]; readonly stop: () => void } {
  const reply = ask(node, target);
  assert('stream' in reply, `${target} is no stream`);
  const items: unknown[] = [];
  const stop = reply.stream(
    text => items.push(JSON.parse(text)),
    () => items.push('end'),
  );
  return { items, stop };
}
