import { defineConfig } from 'vitest/config'

// The tests run as compiled by tsc, with Node's own loader: worker threads and child processes load the same files.
const compiled = {
  execArgv: ['--enable-source-maps'],
  experimental: { viteModuleRunner: false, nodeLoader: false },
}
const results = process.env.TEST_RESULTS

/** The results have no place for why a test was skipped: it goes with what a test says of itself. */
const reasons = {
  onTestCaseResult(test) {
    const { state, note } = test.result()
    if (state === 'skipped' && note) test.meta().whySkipped = note
  },
}

export default defineConfig({
  test: {
    maxWorkers: '100%',
    reporters: results === undefined ? ['default'] : ['default', reasons, ['json', { outputFile: results }]],
    projects: [
      {
        test: {
          ...compiled,
          name: 'fast',
          include: ['.build/test/**/*.test.js'],
          exclude: ['**/*.long.test.js'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...compiled,
          name: 'long',
          include: ['.build/test/**/*.long.test.js'],
          testTimeout: 20 * 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
