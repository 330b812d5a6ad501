// Adds up Vitest's JSON reports: `node tally.mjs report.json …` prints "passed failed skipped". A file of tests that
// could not be loaded counts as one failed test, and so does a report that is missing or cannot be read.
import { readFileSync } from 'node:fs'

const sum = { passed: 0, failed: 0, skipped: 0 }

for (const file of process.argv.slice(2)) {
  try {
    addReport(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    sum.failed += 1
  }
}
console.log(`${sum.passed} ${sum.failed} ${sum.skipped}`)

function addReport(report) {
  for (const suite of report.testResults) {
    let hasFailedTest = false
    for (const test of suite.assertionResults) {
      if (test.status === 'passed') sum.passed += 1
      else if (test.status === 'failed') hasFailedTest = true
      else sum.skipped += 1
      if (test.status === 'failed') sum.failed += 1
    }
    if (suite.status === 'failed' && !hasFailedTest) sum.failed += 1
  }
}
