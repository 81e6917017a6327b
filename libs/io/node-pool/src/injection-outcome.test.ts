import { describe, expect, test } from 'vitest';
import { readInjectionAnswer, type InjectionClass } from './injection-outcome.ts';

const HASH = 'oom6T5m5vMR2GvHAsXxpQJiiPqraogeyPJAw7e6ysttTrWXbwNt';

/** What a node answers to a refused injection: its errors put into words. */
const trace = (msg: string): string =>
  JSON.stringify([
    { kind: 'permanent', id: 'async_injection_failed' },
    { kind: 'temporary', id: 'failure', msg },
  ]);
const validating = (why: string): string =>
  trace(`Error while validating injected operation ${HASH}:\nError:\n  ${why}\n`);
const structured = (id: string): string => JSON.stringify([{ kind: 'temporary', id }]);

const classOf = (status: number, text: string): InjectionClass =>
  readInjectionAnswer(status, text).class;

describe('the words of a refusal', () => {
  // Those that no recording has; as the sources of Octez have them.
  test.each<readonly [InjectionClass, string]>([
    [
      'forbidden',
      'Delegate tz1abc has committed too many misbehaviours; it is temporarily not allowed to bake/preattest/attest.',
    ],
    ['behind', 'Consensus operation too far in the future are not accepted.'],
    ['behind', 'Preattestation for future level (expected: 62, provided: 64).'],
    ['late', 'Preattestation for old level (expected: 62, provided: 60).'],
    ['conflict', `Attestation operation ${HASH} conflicts with existing ${HASH}`],
    [
      'wrong',
      'The consensus key is a BLS key but is missing a companion key, so it cannot issue a DAL attestation',
    ],
    ['wrong', 'Oversized operation (size: 40000, max: 32768)'],
    ['refused', 'The tezos of tomorrow refuses for reasons of its own.'],
    ['refused', ''],
  ])('are %s: %s', (expected, why) => {
    expect(classOf(500, validating(why))).toBe(expected);
  });

  test.each<readonly [InjectionClass, string]>([
    ['behind', 'Unknown branch (BLM4b1SvsfQ6), cannot inject the operation.'],
    ['behind', 'Prevalidator is not running, cannot inject the operation.'],
  ])('are %s: %s', (expected, words) => {
    expect(classOf(500, trace(words))).toBe(expected);
  });
});

describe('the id of an error', () => {
  // protocol.md 4.3, but for what only blocks are refused for.
  test.each<readonly [InjectionClass, string]>([
    ['late', 'proto.025-PsUshuai.validate.consensus_operation_for_old_level'],
    ['behind', 'proto.025-PsUshuai.validate.consensus_operation_for_future_level'],
    ['behind', 'proto.alpha.validate.consensus_operation_for_future_level'],
    ['behind', 'proto.025-PsUshuai.prefilter.Consensus_operation_in_far_future'],
    ['conflict', 'proto.025-PsUshuai.validate.double_inclusion_of_consensus_operation'],
    ['conflict', 'prevalidation.operation_conflict'],
    ['forbidden', 'proto.025-PsUshuai.validate.temporarily_forbidden_delegate'],
    ['wrong', 'proto.025-PsUshuai.validate.wrong_slot_for_consensus_operation'],
    ['wrong', 'proto.025-PsUshuai.validate.missing_companion_key_for_bls_dal'],
    ['wrong', 'proto.025-PsUshuai.validate.aggregate_operation_not_allowed_in_mempool'],
    ['wrong', 'proto.025-PsUshuai.operation.invalid_signature'],
    ['wrong', 'proto.025-PsUshuai.operation.missing_signature'],
    ['wrong', 'proto.025-PsUshuai.slot.invalid_slot'],
    ['wrong', 'proto.025-PsUshuai.dal_invalid_attestation_bitset'],
    ['wrong', 'node.prevalidation.parse_error'],
    ['wrong', 'node.prevalidation.oversized_operation'],
    ['refused', 'node.mempool.rejected_by_full_mempool'],
    ['refused', 'proto.025-PsUshuai.validate.consensus_operation_not_allowed'],
    ['refused', 'proto.025-PsUshuai.something.validate.wrong_slot_for_consensus_operation'],
  ])('is %s: %s', (expected, id) => {
    expect(classOf(500, structured(id))).toBe(expected);
  });
});

describe('an answer', () => {
  test.each<readonly [InjectionClass, number, string]>([
    ['known', 200, `"${HASH}"\n`],
    ['bad_answer', 200, '{}'],
    ['bad_answer', 204, ''],
    ['denied', 401, ''],
    ['denied', 403, '<html>Forbidden</html>'],
    ['denied', 404, ''],
    ['refused', 502, '<html>Bad Gateway</html>'],
    ['refused', 500, '[null, 7, "x", {"id": 7, "msg": {}}]'],
    ['refused', 500, '[]'],
    ['wrong', 403, '[{"id":"failure","msg":"Can\'t parse the operation"}]'],
  ])('is %s: %d %s', (expected, status, text) => {
    expect(classOf(status, text)).toBe(expected);
  });

  test('that says nothing to people is quoted as it came', () => {
    const text = structured('proto.alpha.new.error');
    expect(readInjectionAnswer(500, text)).toMatchObject({ message: `status 500: ${text}` });
  });
});
