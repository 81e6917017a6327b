export { operationHex, signBytesOf } from './ballot.ts';
export { newLine, stepLine, type LineEffect, type LineEvent, type LineState } from './line.ts';
