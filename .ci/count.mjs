import { existsSync, readFileSync } from 'node:fs';

/*
 * Prints `N passed, N failed, N skipped` from Vitest's report and fails unless tests passed and none failed. Plain
 * JavaScript: it has to say so too when nothing could be installed.
 */

/**
 * @typedef {{
 *   numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   testResults: { status: string, assertionResults: { status: string }[] }[]
 * }} Report
 */

/** @param {Report} report */
function count(report) {
  // A file that could not be loaded has no test to count, but it is no success.
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && assertionResults.every(test => test.status !== 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

const [path = ''] = process.argv.slice(2);
const { passed, failed, skipped } = existsSync(path)
  ? count(/** @type {Report} */ (JSON.parse(readFileSync(path, 'utf8'))))
  : { passed: 0, failed: 0, skipped: 0 };
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
