import { cp, rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect } from 'vitest'
import type { VerifyReport } from '../../../src/backend/port.js'
import { findingKinds, type FindingKind } from '../../../src/local/verification/findings.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { makeSample, openSample } from './sample-store.js'
import { ShardEdit } from './shard-edit.js'

/** The sample of a test file, made before its first test; what is damaged are copies of it. */
export class Sample {
  #location = ''

  constructor() {
    beforeAll(async () => {
      this.#location = await makeSample()
    })
    afterAll(() => rm(this.#location, { recursive: true, force: true }))
  }

  get location(): string {
    return this.#location
  }

  async copy(): Promise<string> {
    const location = await temporaryDirectory()
    await cp(this.#location, location, { recursive: true })
    return location
  }

  /** What verify finds in a copy after an edit: each kind once. */
  async findingsAfter(edit: (shards: ShardEdit) => Promise<unknown>): Promise<FindingKind[]> {
    const location = await this.copy()
    await ShardEdit.of(location, edit)
    return kindsOf(await verified(location))
  }
}

export async function verified(location: string): Promise<VerifyReport> {
  const store = await openSample(location)
  try {
    return await store.admin.verify()
  } finally {
    await store.close()
  }
}

export function kindsOf({ findings, ok }: VerifyReport): FindingKind[] {
  expect(ok).toBe(findings.length === 0)
  const names = Object.keys(findingKinds) as FindingKind[]
  const found = findings.map(
    ({ what }) => names.find((name) => findingKinds[name].what === what) as FindingKind,
  )
  return [...new Set(found)].sort()
}
