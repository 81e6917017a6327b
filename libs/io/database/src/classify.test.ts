import { describe, expect, test } from 'vitest';
import { classify, told } from './classify.ts';
import { DatabaseError } from './errors.ts';

const failure = (code?: string, message = 'it failed'): Error =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

describe('an error of a statement that had left', () => {
  test.each<[string, string | undefined, string]>([
    ['40001', 'a retry', 'not_applied'],
    ['40P01', 'a deadlock', 'not_applied'],
    ['55P03', 'a lock that was not had', 'not_applied'],
    ['40003', 'an ambiguous result', 'unknown'],
    ['57014', 'a statement timeout', 'unknown'],
    ['57P01', 'a server that shuts down', 'unknown'],
    ['57P02', 'a server that crashed', 'unknown'],
    ['08006', 'a connection that failed', 'unknown'],
    ['08003', 'a connection that is gone', 'unknown'],
    ['XX000', 'an error inside the server', 'unknown'],
    ['58030', 'a disk error', 'unknown'],
    ['53300', 'too many connections', 'refused_now'],
    ['53100', 'a full disk', 'refused_now'],
    ['22003', 'a number out of range', 'mistake'],
    ['22P02', 'bad text', 'mistake'],
    ['23514', 'a broken check', 'mistake'],
    ['23505', 'a second row', 'mistake'],
    ['42601', 'bad syntax', 'mistake'],
    ['42P01', 'no such table', 'not_migrated'],
    ['42703', 'no such column', 'not_migrated'],
    ['42501', 'no privilege', 'misconfigured'],
    ['25006', 'a read-only transaction', 'misconfigured'],
    ['XXC02', 'no licence', 'licence'],
    ['ECONNRESET', 'a cut', 'unknown'],
    ['EPIPE', 'a broken pipe', 'unknown'],
  ])('%s, %s', (code, _what, outcome) => {
    expect(classify(failure(code), 'sent')).toBe(outcome);
  });

  test('without a code leaves it open', () => {
    expect(classify(failure(undefined, 'Query read timeout'), 'sent')).toBe('unknown');
    expect(classify('text', 'sent')).toBe('unknown');
    expect(classify(null, 'sent')).toBe('unknown');
  });
});

describe('an error while connecting', () => {
  test.each<[string | undefined, string, string]>([
    [undefined, 'timeout exceeded when trying to connect', 'refused_now'],
    ['ECONNREFUSED', 'nobody listens', 'refused_now'],
    ['57P01', 'a server that shuts down', 'refused_now'],
    ['57P03', 'a server that starts', 'refused_now'],
    ['53300', 'too many connections', 'refused_now'],
    ['08001', 'no connection', 'refused_now'],
    ['28P01', 'a wrong password', 'misconfigured'],
    ['3D000', 'no such database', 'misconfigured'],
    ['42704', 'a setting that the server does not know', 'misconfigured'],
    ['XXC02', 'no licence', 'licence'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'a certificate of another cluster', 'misconfigured'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'a certificate of another host', 'misconfigured'],
    ['CERT_HAS_EXPIRED', 'an old certificate', 'misconfigured'],
    [undefined, 'The server does not support SSL connections', 'misconfigured'],
  ])('%s, %s', (code, message, outcome) => {
    expect(classify(failure(code, message), 'connecting')).toBe(outcome);
  });
});

test('an error is told in words of ours, with what the server said, and without what the driver holds', () => {
  const driver = Object.assign(failure('40001', 'restart transaction'), { client: 's3cret' });
  const error = told(driver, 'sent');
  expect(error).toBeInstanceOf(DatabaseError);
  expect(error).toMatchObject({ code: 'not_applied', sqlState: '40001' });
  expect(error.message).toContain('restart transaction (40001)');
  expect(JSON.stringify(Object.entries(error))).not.toContain('s3cret');
  expect(told(error, 'connecting')).toBe(error);
});
