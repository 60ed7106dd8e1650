// Adds up the results of all test runs of a check and prints them as its last line.
// Usage: node scripts/count-results.js <folder of vitest's JSON files> [name of a part that failed]...
// Tests that were skipped are named before it.
// A part that failed without a failing test (the linter, a run that broke off) counts as one failure.
import { readFileSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'

const [folder, ...failedParts] = process.argv.slice(2)
const total = { passed: 0, failed: 0, skipped: 0 }
const failingTests = new Set()
const skippedTests = new Set()
for (const file of readdirSync(folder)) {
  const results = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  total.passed += results.numPassedTests
  total.failed += results.numFailedTests
  total.skipped += results.numPendingTests + results.numTodoTests
  for (const { assertionResults } of results.testResults) {
    for (const { status, fullName } of assertionResults)
      if (status !== 'passed' && status !== 'failed') skippedTests.add(fullName)
  }
  if (results.numFailedTests > 0) failingTests.add(basename(file, '.json'))
}
for (const name of skippedTests) console.log(`skipped: ${name}`)
for (const part of failedParts) {
  console.log(`failed: ${part}`)
  if (!failingTests.has(part)) total.failed += 1
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`)
process.exitCode = failedParts.length > 0 || total.failed > 0 || total.passed === 0 ? 1 : 0
