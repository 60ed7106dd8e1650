// Adds up the results of all test runs of a check and prints them as its last line.
// Usage: node scripts/count-results.js <folder of vitest's JSON files and of what was printed> [name of a part that failed]...
// Tests that were skipped are named before it, each with the reason, and after them those that failed, with what each said first:
// the end of a long output is what is read of it.
// A part that failed without a failing test (the linter, a run that broke off) counts as one failure; of it the errors that it
// printed are named, or its last lines: a worker that ended is in no result.
import { readFileSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const [folder, ...failedParts] = process.argv.slice(2)
const linesOfFailure = 12
const linesOfPart = 25
const total = { passed: 0, failed: 0, skipped: 0 }
const failingRuns = new Set()
const failedTests = []
/** Why, by name. */
const skippedTests = new Map()
for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const run = basename(file, '.json')
  const results = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  total.passed += results.numPassedTests
  total.failed += results.numFailedTests
  total.skipped += results.numPendingTests + results.numTodoTests
  if (results.numFailedTests > 0) failingRuns.add(run)
  for (const { name: path, status: fileStatus, message, assertionResults } of results.testResults) {
    // A file that could not be loaded failed without a test of its own.
    if (fileStatus === 'failed' && assertionResults.length === 0)
      failedTests.push({ run, path, said: message })
    for (const { status, fullName, failureMessages, meta } of assertionResults) {
      if (status === 'failed') failedTests.push({ run, path, fullName, said: failureMessages?.join('\n') })
      else if (status !== 'passed') skippedTests.set(fullName, meta?.whySkipped ?? 'it does not say why')
    }
  }
}
for (const [name, why] of skippedTests) console.log(`skipped: ${name} (${why})`)
for (const { run, path, fullName = 'the file as a whole', said = '' } of failedTests) {
  console.log(`failed in ${run}: ${basename(path)} > ${fullName}`)
  console.log(said.split('\n').slice(0, linesOfFailure).join('\n'))
}
for (const part of failedParts) {
  console.log(`failed: ${part}`)
  if (failingRuns.has(part)) continue
  total.failed += 1
  console.log(lastWords(part).join('\n'))
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`)
process.exitCode = failedParts.length > 0 || total.failed > 0 || total.passed === 0 ? 1 : 0

/** From the last heading of errors on that belong to no test; without one the end. */
function lastWords(part) {
  let printed
  try {
    printed = stripVTControlCharacters(readFileSync(join(folder, `${part}.log`), 'utf8'))
      .trimEnd()
      .split('\n')
  } catch {
    return ['nothing was printed']
  }
  const heading = printed.findLastIndex((line) => line.includes('Unhandled Error'))
  return heading < 0 ? printed.slice(-linesOfPart) : printed.slice(heading, heading + linesOfPart)
}
