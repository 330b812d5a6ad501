// Adds up Vitest's JSON reports. A file of tests that could not be loaded counts as one failed test, and so does a
// report that is missing or cannot be read. Where `NAME.json` has a `NAME.again.json` beside it, its failed files were
// run a second time, and of them the second run counts.
//
//   node tally.mjs counts NAME.json …   prints "passed failed skipped"
//   node tally.mjs failures NAME.json … prints a line for each test that failed, also for one that then passed
//   node tally.mjs files NAME.json      prints the files with failures, one a line
import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'

const [what, ...reports] = process.argv.slice(2)
const files = reports.flatMap(filesOf)

if (what === 'counts') {
  const sum = (key) => files.reduce((total, file) => total + file[key], 0)
  console.log(
    `${sum('passed')} ${files.reduce((total, file) => total + file.failures.length, 0)} ${sum('skipped')}`,
  )
} else if (what === 'failures') {
  for (const { name, failures, firstFailures } of files) {
    for (const test of failures) console.log(`failed: ${name}: ${test}`)
    for (const test of firstFailures)
      console.log(`failed, and passed when its file was run again: ${name}: ${test}`)
  }
} else {
  for (const { name, failures } of files) if (failures.length > 0) console.log(name)
}

/** The outcome of each file of a report: of its second run where it had one. */
function filesOf(report) {
  const again = report.replace(/\.json$/, '.again.json')
  const first = read(report)
  const second = new Map((existsSync(again) ? read(again) : []).map((file) => [file.name, file]))
  return first.map((file) => {
    const repeated = second.get(file.name)
    if (repeated === undefined) return file
    const stillFails = new Set(repeated.failures)
    return { ...repeated, firstFailures: file.failures.filter((test) => !stillFails.has(test)) }
  })
}

function read(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults.map(outcomeOf)
  } catch {
    return [
      {
        name: report,
        passed: 0,
        skipped: 0,
        failures: ['there is no report that can be read'],
        firstFailures: [],
      },
    ]
  }
}

function outcomeOf(file) {
  const outcome = {
    name: relative(process.cwd(), file.name),
    passed: 0,
    skipped: 0,
    failures: [],
    firstFailures: [],
  }
  for (const test of file.assertionResults) {
    if (test.status === 'passed') outcome.passed += 1
    else if (test.status === 'failed') outcome.failures.push(test.fullName)
    else outcome.skipped += 1
  }
  if (file.status === 'failed' && outcome.failures.length === 0)
    outcome.failures.push('the file could not be run')
  return outcome
}
