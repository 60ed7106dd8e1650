import { describe, expect, test } from 'vitest'
import { ReferenceBackend } from '../../src/backend/reference/reference-backend.js'
import { backendConformance } from '../../src/conformance/backend-conformance.js'

describe('the reference backend keeps the promises of the port', () => {
  test.each(backendConformance)('$title', async ({ run }) => {
    await expect(run(async () => ({ backend: new ReferenceBackend() }))).resolves.toBeUndefined()
  })
})
