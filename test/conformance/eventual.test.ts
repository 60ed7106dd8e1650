import { describe, expect, test } from 'vitest'
import { EventualBackend } from '../../src/backend/reference/eventual-backend.js'
import type { OpenBackend } from '../../src/conformance/backend-case.js'
import { backendConformance } from '../../src/conformance/backend-conformance.js'

describe.each([1, 2, 3])('the eventual backend keeps the promises of the port, seed %i', (seed) => {
  const open: OpenBackend = async () => {
    const backend = new EventualBackend({ seed })
    return { backend, settle: () => backend.settle() }
  }
  test.each(backendConformance)('$title', async ({ run }) => {
    await expect(run(open)).resolves.toBeUndefined()
  })
})
