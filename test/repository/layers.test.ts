import { expect, test } from 'vitest'
import { doorViolations, importCycles, layerViolations, unusedPackages } from './layers.js'
import { readModule, readSource, sourceFiles } from './modules.js'

const doors = ['src/index.ts', 'src/testing.ts']

test('imports go one way', () => {
  expect(
    layerViolations([...sourceFiles('src'), ...sourceFiles('demo')].map((path) => readModule(path))),
  ).toEqual([])
})

test('a layer may import no package that it does not', () => {
  expect(
    unusedPackages([...sourceFiles('src'), ...sourceFiles('demo')].map((path) => readModule(path))),
  ).toEqual([])
})

test('imports go in no circle', () => {
  expect(importCycles(sourceFiles('src').map((path) => readModule(path)))).toEqual([])
})

test('doors only list names', () => {
  expect(doors.flatMap((path) => doorViolations(path, readSource(path)))).toEqual([])
})

// The checks above are worth what they catch: each of these has to be caught.
test.each([
  ['src/errors.ts', "import { defaultLimits } from './limits.js'"],
  ['src/limits.ts', "import type { Message } from './model/message.js'"],
  ['src/model/message.ts', "import type { Backend } from '../backend/port.js'"],
  ['src/model/ids.ts', "import { readFileSync } from 'node:fs'"],
  ['src/async/lane.ts', "import { systemClock } from '../platform/clock.js'"],
  ['src/formats/frame.ts', "import { readFileSync } from 'node:fs'"],
  ['src/formats/frame.ts', "import type { FileSystem } from '../platform/file-system.js'"],
  ['src/formats/frame.ts', "import type { Segment } from '../local/commit-log/segment.js'"],
  ['src/platform/clock.ts', "import type { Message } from '../model/message.js'"],
  ['src/platform/clock.ts', "import { ClassicLevel } from 'classic-level'"],
  ['src/backend/port.ts', "import type { Append } from '../domain/append.js'"],
  ['src/backend/port.ts', "import { systemClock } from '../platform/clock.js'"],
  ['src/backend/port.ts', "import { ReferenceBackend } from './reference/reference-backend.js'"],
  ['src/domain/append.ts', "import { ReferenceBackend } from '../backend/reference/reference-backend.js'"],
  ['src/domain/append.ts', "import { nodeFileSystem } from '../platform/node-file-system.js'"],
  ['src/domain/append.ts', "import { LocalBackend } from '../local/local-backend.js'"],
  ['src/domain/append.ts', "import type { Frame } from '../formats/frame.js'"],
  ['src/domain/append.ts', "import { ClassicLevel } from 'classic-level'"],
  ['src/domain/append.ts', "import { openMessageStore } from '../index.js'"],
  ['src/api/message-store.ts', "import { LocalBackend } from '../local/local-backend.js'"],
  ['src/api/message-store.ts', "export { LocalBackend } from '../local/local-backend.js'"],
  ['src/api/message-store.ts', "const backend = await import('../local/local-backend.js')"],
  ['src/api/message-store.ts', "type Backend = import('../local/local-backend.js').LocalBackend"],
  [
    'src/api/message-store.ts',
    "const worker = new URL('../local/background/flush-worker.js', import.meta.url)",
  ],
  ['src/local/local-backend.ts', "import type { StoreOptions } from '../api/options.js'"],
  ['src/local/local-backend.ts', "import type { Append } from '../domain/append.js'"],
  ['src/local/local-backend.ts', "import { nodeFileSystem } from '../platform/node-file-system.js'"],
  ['src/local/memory/cache.ts', "import type { Segment } from '../commit-log/segment.js'"],
  ['src/local/shards/shard.ts', "import { Ring } from '../ring/ring.js'"],
  ['src/local/shards/shard.ts', "import { recover } from '../background/recovery.js'"],
  ['src/local/reads/loader.ts', "import type { Writer } from '../writes/writer.js'"],
  ['src/local/writes/writer.ts', "import type { Lists } from '../lists.js'"],
  ['src/api/open.ts', "import { Writer } from '../local/writes/writer.js'"],
  ['src/api/open.ts', "export * from '../index.js'"],
  ['src/index.ts', "export { encodeFrame } from './formats/frame.js'"],
  ['src/domain/append.ts', "import { manualClock } from '../model-checking/manual-clock.js'"],
  ['src/utils/misc.ts', ''],
  ['demo/main.ts', "import { encodeFrame } from '../src/formats/frame.js'"],
])('%s: %s is caught', (path, source) => {
  expect(layerViolations([readModule(path, source)])).toHaveLength(1)
})

test.each([
  ['src/domain/append.ts', "import type { Clock } from '../platform/clock.js'"],
  ['src/api/open.ts', "import { nodeFileSystem } from '../platform/node-file-system.js'"],
  ['src/local/memory/cache.ts', "import { tierSize } from './tier.js'"],
  ['src/local/writes/writer.ts', "import { toMarks } from '../reads/loader.js'"],
  [
    'src/local/commit-log/log-worker.ts',
    "import { nodeFileSystem } from '../../platform/node-file-system.js'",
  ],
])('%s: %s is allowed', (path, source) => {
  expect(layerViolations([readModule(path, source)])).toEqual([])
})

test('a circle is caught, also one of types', () => {
  const circle = [
    readModule('src/domain/append.ts', "import { idempotencyKey } from './history.js'"),
    readModule('src/domain/history.ts', "import type { Append } from './append.js'"),
  ]
  expect(importCycles(circle)).toEqual([
    'src/domain/append.ts → src/domain/history.ts → src/domain/append.ts',
  ])
})

test('a worker and the module that starts it are no circle', () => {
  const pair = [
    readModule('src/local/background/flush-thread.ts', "new URL('./flush-worker.js', import.meta.url)"),
    readModule('src/local/background/flush-worker.ts', "import type { Flush } from './flush-thread.js'"),
  ]
  expect(importCycles(pair)).toEqual([])
})

test.each(["export * from './errors.js'", 'export const version = 1', "import './errors.js'"])(
  'a door with `%s` is caught',
  (source) => {
    expect(doorViolations('src/index.ts', source)).toHaveLength(1)
  },
)
