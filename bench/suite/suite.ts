import { b1 } from './b01-sends.js'
import { b2 } from './b02-random-pairs.js'
import { b3 } from './b03-warm-lists.js'
import { b4 } from './b04-cold-lists.js'
import { b5 } from './b05-pages.js'
import { b6 } from './b06-mixed.js'
import { b7 } from './b07-tail.js'
import { b8 } from './b08-growth.js'
import { b9 } from './b09-reopening.js'
import { b10 } from './b10-disk.js'
import { b11 } from './b11-groups.js'
import { b12 } from './b12-retries.js'
import { b13 } from './b13-subscribers.js'
import { b14 } from './b14-marks.js'
import type { Benchmark } from './benchmark.js'
import { first, guard } from './first.js'

export const suite: readonly Benchmark[] = [
  first,
  b1,
  b2,
  b3,
  b4,
  b5,
  b6,
  b7,
  b8,
  b9,
  b10,
  b11,
  b12,
  b13,
  b14,
]

export function benchmarkById(id: string): Benchmark {
  const found = [...suite, guard].find((benchmark) => benchmark.id.toLowerCase() === id.toLowerCase())
  if (found === undefined)
    throw new Error(`there is no benchmark ${id}: ${suite.map((one) => one.id).join(', ')}`)
  return found
}
