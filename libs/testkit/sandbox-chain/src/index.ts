export { createChain } from './chain.ts';
export type {
  Activation,
  Baker,
  ChainBlock,
  ChainEvent,
  ChainOperation,
  ChainOptions,
} from './contract.ts';
export type { DoubleSigning, LevelRights, Rejection, SandboxChain, Seat } from './contract.ts';
export type { Trouble } from './troubles.ts';
export type { Verdict } from './contract.ts';
export { forgeBlock, lensOf, type Lens } from './lies.ts';
export { createNode } from './node/index.ts';
export type { Answer, NodeOptions, NodeRequest, Reply, SandboxNode } from './node/index.ts';
export type { StreamAnswer, Subscribe } from './node/index.ts';
