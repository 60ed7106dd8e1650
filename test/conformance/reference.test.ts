import { describe, expect, test } from 'vitest'
import { ReferenceBackend } from '../../src/backend/reference/reference-backend.js'
import { backendConformance } from '../../src/conformance/backend-conformance.js'
import { storeConformance } from '../../src/conformance/store-conformance.js'
import { storeOver } from '../../src/conformance/store-over.js'

const open = async () => ({ backend: new ReferenceBackend() })

describe('the reference backend keeps the promises of the port', () => {
  test.each(backendConformance)('$title', async ({ needs, run }) => {
    const notRun: string[] = []
    await run(open, (why) => notRun.push(why))
    expect(notRun).toEqual(
      needs === undefined ? [] : [`not run: the backend was opened without \`${needs}\``],
    )
  })
})

describe('the store over the reference backend', () => {
  test.each(storeConformance)('$title', async ({ run }) => {
    await expect(run(storeOver(open))).resolves.toBeUndefined()
  })
})
