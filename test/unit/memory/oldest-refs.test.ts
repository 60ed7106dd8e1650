import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ChangeRef } from '../../../src/backend/port.js'
import type { Position } from '../../../src/model/ids.js'
import { OldestRefs } from '../../../src/local/memory/oldest-refs.js'

const ascending = fc.array(fc.nat(60), { maxLength: 60 }).map((all) => all.toSorted((a, b) => a - b))

test('the oldest of many sources are gathered, those of the last position all, and hardly more are ever asked for', () => {
  fc.assert(
    fc.property(fc.array(ascending, { maxLength: 6 }), fc.integer({ min: 1, max: 20 }), (sources, most) => {
      const oldest = new OldestRefs(most)
      for (const source of sources)
        for (const position of source) {
          if (!oldest.wants(position)) break
          oldest.add({ position: position as Position, kind: 'profile' } satisfies ChangeRef)
        }
      const all = sources.flat().toSorted((a, b) => a - b)
      const last = all.length > most ? (all[most - 1] as number) : Infinity
      const { refs, through } = oldest.take()
      expect(refs.map(({ position }) => position)).toEqual(all.filter((position) => position <= last))
      expect(through).toBe(last)
    }),
    { numRuns: 200 },
  )
})
