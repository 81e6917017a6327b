export { blake2b256 } from './blake2b.ts';
export { hashBlock, hashOperation, hashOperationList, hashOperationListList } from './hashes.ts';
export { hashPayload, proofOfWorkStamp } from './hashes.ts';
