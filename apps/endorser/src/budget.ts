import { BUDGET_FAULTS, budgetOf, type Budget } from '@meridian/attribution';
import { participationPath } from '@meridian/chain-view';
import { NodeError, type NodeWatch } from '@meridian/node-pool';
import { err, ok, type Result } from '@meridian/prelude';
import type { BlockHash, PublicKeyHash } from '@meridian/tezos';
import type { Ledger } from './ledger.ts';

type Watch = Pick<NodeWatch, 'nodes' | 'read'>;

/** By what a budget is read. */
type BudgetWish = {
  readonly delegate: PublicKeyHash;
  /** A block that nothing replaces any more, so that all nodes say the same. */
  readonly hash: BlockHash;
  readonly quorum: number;
  readonly allBakersAttest: boolean;
};

/**
 * Reads budgets as of the last block that nothing replaces any more; nodes are asked once for each such block.
 * @param constants those that the nodes agreed on, undefined before
 */
export function openBudgets(
  watch: Watch,
  ledger: Pick<Ledger, 'settledBlock' | 'totalPower'>,
  quorum: number,
  constants: () => { readonly committeeSize: number } | undefined,
): (delegate: PublicKeyHash) => Promise<Result<Budget, string>> {
  const known = new Map<PublicKeyHash, BudgetWish & { readonly read: Read }>();
  return delegate => {
    const hash = ledger.settledBlock();
    const size = constants()?.committeeSize;
    if (hash === undefined || size === undefined) {
      return Promise.resolve(err('no level is decided yet'));
    }
    const before = known.get(delegate);
    if (before?.hash === hash) return before.read;
    // The power of a level is its number of slots, or all stake where all bakers attest.
    const allBakersAttest = ledger.totalPower() !== size;
    const wish = { delegate, hash, quorum, allBakersAttest };
    const read = readBudget(watch, wish);
    known.set(delegate, { ...wish, read });
    return read;
  };
}

type Read = Promise<Result<Budget, string>>;

/** How much a delegate may still miss in the cycle, as a quorum of nodes say; else what each of them said. */
function readBudget(
  { nodes, read }: Watch,
  { delegate, hash, quorum, allBakersAttest }: BudgetWish,
): Read {
  const ask = async (node: string): Promise<Budget | string> => {
    try {
      const [participation, constants] = await Promise.all([
        read(node, participationPath(hash, delegate)),
        read(node, `/chains/main/blocks/${hash}/context/constants`),
      ]);
      const budget = budgetOf(participation, constants, allBakersAttest);
      return budget.ok ? budget.value : BUDGET_FAULTS[budget.error];
    } catch (error) {
      if (error instanceof NodeError) return error.message;
      throw error;
    }
  };
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    const counts = new Map<string, number>();
    const asked = nodes();
    const hear = (node: string, answer: Budget | string): void => {
      const words = JSON.stringify(answer);
      said.push(`${node}: ${typeof answer === 'string' ? answer : words}`);
      const count = (counts.get(words) ?? 0) + 1;
      counts.set(words, count);
      if (typeof answer !== 'string' && count >= quorum) resolve(ok(answer));
      else if (said.length === asked.length) resolve(err(said.join('; ')));
    };
    for (const { name } of asked) ask(name).then(answer => hear(name, answer), reject);
  });
}
