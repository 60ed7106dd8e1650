import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../repository/modules.js'

// The package as users get it: packed, installed into a folder that knows nothing of this project, and used from there.

const consumer = `import { directConversationId, isColumbaError, openMessageStore } from 'columba'
import type { Conversation, Message, Page, SendReceipt, StoreOptions } from 'columba'

const options: StoreOptions = { location: 'data' }
const store = await openMessageStore(options)
try {
  const receipt: SendReceipt = await store.sendMessage({ sender: 'ann', receiver: 'bob', text: 'hello' })
  const list: Page<Conversation> = await store.getConversations('bob')
  const history: Page<Message> = await store.getMessages('bob', receipt.conversationId)
  const refused: unknown = await store.sendMessage({ sender: '', receiver: 'bob', text: '' }).catch((error) => error)
  console.log(
    JSON.stringify({
      direct: receipt.conversationId === directConversationId('bob', 'ann'),
      peers: list.items.map(({ peer, unread }) => [peer, unread]),
      texts: history.items.map(({ seq, text }) => [seq, text]),
      refused: isColumbaError(refused) && refused.code,
    }),
  )
} finally {
  await store.close()
}
`

const testingConsumer = `import * as testing from 'columba/testing'
console.log(JSON.stringify(Object.keys(testing)))
`

/** Somebody who writes a backend has to name all that the port speaks of. */
const ownBackend = `import { ReferenceBackend, type Backend, type ConversationHandle } from 'columba/testing'
import type { ContactEntry, GroupState, Interval, Marks, Membership, MessageDraft } from 'columba/testing'
import type { Participation, Position, Reached, Standing, UserEntry } from 'columba/testing'
import type { SendReceipt, UserId } from 'columba'

class Own extends ReferenceBackend implements Backend {
  override append(handle: ConversationHandle, head: number, draft: MessageDraft): Promise<SendReceipt> {
    return super.append(handle, head, draft)
  }
  override mark(user: UserId, handle: ConversationHandle, marks: Reached, by: 'read' | 'delivered'): Promise<void> {
    return super.mark(user, handle, marks, by)
  }
}
const backend: Backend = new Own()
const position: Position = await backend.latest('ann' as UserId)
await backend.close()
console.log(position)
export type Nouns = [ContactEntry, GroupState, Interval, Marks, Membership, Participation, Standing, UserEntry]
`

const settings = {
  exclude: ['examples'],
  compilerOptions: {
    strict: true,
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    types: ['node'],
    skipLibCheck: false,
  },
}

/** Examples are JavaScript: whoever writes them in TypeScript declares their own parameters, and changes nothing else. */
const settingsOfExamples = {
  extends: '../tsconfig.json',
  exclude: [],
  compilerOptions: { noEmit: true, noImplicitAny: false, skipLibCheck: true },
}

/** The first example of the README, by somebody who checks types strictly. */
function readmeExample(): string {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  return /```js\n(.*?)```/s.exec(readme)?.[1] as string
}

/** By the paths that they have in the package. */
function pagesIn(directory: string): string[] {
  const names = readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => name.endsWith('.md'))
    .map((name) => posix.join(directory, name.replaceAll('\\', '/')))
}

let scratch: string
let folder: string
let packed: string[]

function run(cwd: string, command: string, ...args: string[]): string {
  const shell = command === 'npm' && process.platform === 'win32'
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', shell })
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(' ')}: ${stdout}\n${stderr}`)
  return stdout
}

const node = (...args: string[]): string => run(folder, process.execPath, ...args)

/** The version that this project has installed, which is also in the package manager's cache. */
function installed(name: string): string {
  const text = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')
  return `${name}@${(JSON.parse(text) as { version: string }).version}`
}

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'columba-package-'))
  const report = run(root, 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', scratch)
  const [tarball] = JSON.parse(report) as { filename: string; files: { path: string }[] }[]
  if (tarball === undefined) throw new Error('npm pack made nothing')
  packed = tarball.files.map(({ path }) => path)

  folder = join(scratch, 'consumer')
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings))
  writeFileSync(join(folder, 'main.ts'), consumer)
  writeFileSync(join(folder, 'with-testing.ts'), testingConsumer)
  writeFileSync(join(folder, 'own-backend.ts'), ownBackend)
  writeFileSync(join(folder, 'readme.ts'), readmeExample())
  mkdirSync(join(folder, 'examples'))
  writeFileSync(join(folder, 'examples/tsconfig.json'), JSON.stringify(settingsOfExamples))
  for (const name of readdirSync(join(root, 'examples')))
    copyFileSync(join(root, 'examples', name), join(folder, 'examples', name.replace('.mjs', '.mts')))
  const packages = [join(scratch, tarball.filename), installed('fast-check'), installed('@types/node')]
  run(folder, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', ...packages)
}, 180_000)

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true })
})

test('the package holds what users need and nothing else', () => {
  const known = /^dist\/.*(?:\.js|\.d\.ts)$|^docs\/.*\.(?:md|svg)$|^examples\/[\w-]+\.mjs$/
  const others = packed.filter((path) => !known.test(path))
  expect(others.toSorted()).toEqual(['LICENSE', 'README.md', 'package.json'])
  expect(packed).toEqual(
    expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'dist/testing.js', 'dist/testing.d.ts']),
  )
})

test.each(['README.md', ...pagesIn('docs')])('what %s links to is in it', (page) => {
  expect(packed).toContain(page)
  const links = [...readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^:#)]+)[^)]*\)/g)]
  const linked = links.map(([, path]) => posix.join(posix.dirname(page), path as string))
  expect(packed).toEqual(expect.arrayContaining(linked))
})

test('its examples run where it is installed, as the guide says', () => {
  const command = /`node (node_modules\/columba\/examples\/send\.mjs)`/.exec(
    readFileSync(join(root, 'docs/guide.md'), 'utf8'),
  )
  expect(node(command?.[1] as string)).toContain('Hello Bob')
  expect(node('node_modules/columba/examples/simulate.mjs')).not.toBe('')
})

test('its examples compile where types are checked strictly', () => {
  node(join(root, 'node_modules/typescript/bin/tsc'), '-p', 'examples')
})

test('a program in TypeScript compiles against it and runs', () => {
  node(join(root, 'node_modules/typescript/bin/tsc'), '-p', '.')
  expect(JSON.parse(node('main.js'))).toEqual({
    direct: true,
    peers: [['ann', 1]],
    texts: [[1, 'hello']],
    refused: 'INVALID_ARGUMENT',
  })
  expect(JSON.parse(node('with-testing.js'))).not.toHaveLength(0)
  expect(node('own-backend.js')).toBe('0\n')
})

test('CommonJS can require it, as the README says', () => {
  const required = (door: string): string =>
    node('--input-type=commonjs', '--eval', `console.log(Object.keys(require('${door}')).length > 0)`)
  for (const door of ['columba', 'columba/testing']) expect(required(door)).toBe('true\n')
})

test('its command line says which version it is', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  expect(run(folder, 'npx', 'columba', '--version')).toBe(`${version}\n`)
})

test('what is not a door stays closed', () => {
  expect(() => node('--input-type=module', '--eval', "await import('columba/dist/errors.js')")).toThrow(
    'ERR_PACKAGE_PATH_NOT_EXPORTED',
  )
})
