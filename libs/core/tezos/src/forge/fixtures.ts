import type { Protocol } from '../protocols.ts';
import { PROTOCOLS } from '../protocols.ts';
import { fitnessTuple } from './fitness-tuple.ts';
import { blockHeader, rawBlockHeader, shellHeader, unsignedBlockHeader } from './headers.ts';
import type { Encoding } from './encoding.ts';
import { blsModeVote, operationShell, rawOperation, unsignedVote } from './operations.ts';
import { signedOperation, unsignedOperation } from './protocol-operations.ts';
import { operationSignature } from './signature-part.ts';

/** The row of a protocol number such as `025`, for tests. */
export function protocolOf(number: string): Protocol {
  const found = PROTOCOLS.find(protocol => protocol.number === number);
  if (found === undefined) throw new Error(`no protocol ${number}`);
  return found;
}

/** Protocols of each way in which operations and headers differ. */
export const VARIANTS: readonly Protocol[] = ['012', '020', '023', '024', '025', 'alpha'].map(
  protocolOf,
);

/** Every encoding that `./forge` offers, by a name for tests. */
export const ENCODINGS: readonly (readonly [name: string, encoding: Encoding<unknown>])[] = [
  ['unsignedVote', unsignedVote],
  ['blsModeVote', blsModeVote],
  ['operationShell', operationShell],
  ['rawOperation', rawOperation],
  ['operationSignature', operationSignature],
  ['shellHeader', shellHeader],
  ['rawBlockHeader', rawBlockHeader],
  ['fitnessTuple', fitnessTuple],
  ...VARIANTS.flatMap(protocol => [
    [`unsignedOperation ${protocol.number}`, unsignedOperation(protocol)] as const,
    [`signedOperation ${protocol.number}`, signedOperation(protocol)] as const,
    [`unsignedBlockHeader ${protocol.number}`, unsignedBlockHeader(protocol)] as const,
    [`blockHeader ${protocol.number}`, blockHeader(protocol)] as const,
  ]),
];

export const BRANCH = 'BLockGenesisGenesisGenesisGenesisGenesisCCCCCeZiLHU';
export const PAYLOAD_HASH = 'vh1g87ZG6scSYxKhspAUzprQVuLAyoa5qMBKcUfjgnQGnFb3dJcG';
export const CHAIN_ID = 'NetXdQprcVkpaWU';
