import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConversationEntry, Touched } from '../../../src/local/memory/entries.js'
import { MessageIndex, type RecordChunks } from '../../../src/local/memory/message-index.js'
import type { ConversationId } from '../../../src/model/ids.js'

test('messages of several conversations are found by their numbers, whenever somebody asks', () => {
  const step = fc.record({ conversation: fc.nat(2), ask: fc.option(fc.nat(99), { freq: 3 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const chunk = Buffer.alloc(1 << 14)
      const generation: RecordChunks = {
        chunkCount: 1,
        after: 0,
        flushed: false,
        messages: new MessageIndex(),
        chunkBytes: () => chunk,
      }
      const touched = [0, 1, 2].map(
        (n) => new Touched(new ConversationEntry(`c${n}` as ConversationId), generation, null),
      )
      const expected: { start: number; position: number }[][] = [[], [], []]
      for (const [at, { conversation, ask }] of steps.entries()) {
        const one = touched[conversation] as Touched
        const list = expected[conversation] as { start: number; position: number }[]
        const start = 4 + at * 8
        one.add(7 + list.length, start, 1000 + at)
        list.push({ start, position: 1000 + at })
        expect(one.lastSeq).toBe(6 + list.length)
        const seqs = ask === null ? [one.lastSeq] : [7 + (ask % list.length)]
        for (const seq of seqs) {
          const { start: found } = one.place(seq)
          expect({ start: found, position: one.position(seq) }).toEqual(list[seq - 7])
        }
      }
    }),
  )
})
