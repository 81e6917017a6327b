/**
 * Every check of the doctor, in the order in which they are reported: what has to hold, and what to do when it does
 * not. Help and the README come from this table.
 */
export const CHECKS = {
  node_reachable: {
    holds: 'the node answers, with a head that can be read',
    remedy: 'see whether the node runs, whether its address is right, and what stands between',
  },
  chain_id: {
    holds: 'the node follows the chain that is voted on',
    remedy: 'name the chain with chainId or --chain-id, and give addresses of nodes that follow it',
  },
  protocol: {
    holds: 'protocol and next protocol of the head are known and fully supported',
    remedy: 'update Meridian before the next protocol begins; until then nothing is voted under it',
  },
  synced: {
    holds: 'the node says that it is bootstrapped and synced',
    remedy: 'wait until the node has caught up; if it is stuck, look at its peers',
  },
  head_age: {
    holds: 'the head is younger than four rounds of this chain take',
    remedy: 'the node is behind, the chain stands still, or this clock is ahead: compare nodes',
  },
  rpc_allowed: {
    holds: 'each RPC path and stream that Meridian uses is allowed and answered',
    remedy:
      'Octez refuses streams and rights by default on a network address: allow these paths under rpc.acl in the configuration of the node, or --allow-all-rpc on a private network',
  },
  heads_agree: {
    holds: 'no node is more than two levels behind, and all have the same block two levels back',
    remedy: 'let the node catch up; one on another branch has to be restarted or replaced',
  },
  quorum: {
    holds: 'enough nodes pass all of this to agree on rights and constants',
    remedy: 'mend the nodes above, add others, or lower quorum',
  },
  clock: {
    holds: 'this clock is within a second of the nodes, as far as heads and Date headers tell',
    remedy: 'keep the clock of this machine with NTP, and those of the nodes',
  },
  signer_reachable: {
    holds: 'the signer answers',
    remedy: 'see whether the signer runs, whether its address is right, and what stands between',
  },
  signer_key: {
    holds: 'the signer holds the key',
    remedy: 'add the key to signer.yaml and restart the signer, or correct keys',
  },
  marks_present: {
    holds: 'the watermark has a row for the key and each kind of vote and block',
    remedy:
      'meridian-signer watermark init makes the rows of a key, with --first-use for one that never signed; docs/signer.md says more',
  },
  marks_below_head: {
    holds: 'no mark is above the head',
    remedy:
      'below the floor of a release or a raise nothing is signed until the chain is there; a mark that nobody set: stop the signer and find out what asked for that level',
  },
  marks_shared: {
    holds: 'all signers tell the same marks',
    remedy: 'signers with stores of their own can sign twice: stop all but one at once',
  },
  key_registered: {
    holds: 'the key is the active consensus key of a delegate',
    remedy: 'register the delegate, or make this its consensus key and wait until it is active',
  },
  key_rights: {
    holds: 'the key has rights in the coming levels',
    remedy: 'a delegate has rights some cycles after it is registered with enough stake',
  },
  delegate_allowed: {
    holds: 'the delegate is neither deactivated nor forbidden',
    remedy:
      'a deactivated delegate registers again; a forbidden one was denounced for double signing: find out why before anything else',
  },
} as const satisfies Readonly<Record<string, { readonly holds: string; readonly remedy: string }>>;

/** The name of a check; the same in lines and JSON. */
export type CheckName = keyof typeof CHECKS;

/** `fail`: something does not work; `warn`: it may not, or could not be looked at. */
export type CheckStatus = 'ok' | 'warn' | 'fail';

/** What came of one check of one thing. */
export type Finding = {
  readonly check: CheckName;
  /** The node, signer or key, or `nodes` for all of them. */
  readonly subject: string;
  readonly status: CheckStatus;
  readonly found: string;
  /** The figures behind `found`, with their units in their names. */
  readonly data?: Readonly<Record<string, unknown>>;
};

/** Makes the findings of one subject. */
export function findingsOn(subject: string) {
  return (
    check: CheckName,
    status: CheckStatus,
    found: string,
    data?: Readonly<Record<string, unknown>>,
  ): Finding => ({ check, subject, status, found, ...(data === undefined ? {} : { data }) });
}

/** The lines of help that list all checks. */
export function helpOnChecks(): readonly string[] {
  const names = Object.keys(CHECKS);
  const width = Math.max(...names.map(name => name.length));
  const rows = Object.entries(CHECKS).map(
    ([name, { holds }]) => `  ${name.padEnd(width)}  ${holds}`,
  );
  return ['Checks:', ...rows];
}
