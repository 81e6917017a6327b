/** `version`: that of the recorded node, with a commit that no Octez has. */
export const VERSION = {
  version: { major: 25, minor: 1, build: 0, additional_info: 'release' },
  network_version: { chain_name: 'SANDBOXED_TEZOS', distributed_db_version: 2, p2p_version: 1 },
  commit_info: { commit_hash: '5a'.repeat(20), commit_date: '1970-01-01 00:00:00 +0000' },
} as const;
