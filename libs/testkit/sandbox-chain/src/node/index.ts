export { createNode, type NodeOptions, type SandboxNode } from './node.ts';
export type { Answer, NodeRequest, Reply, StreamAnswer, Subscribe } from './reply.ts';
