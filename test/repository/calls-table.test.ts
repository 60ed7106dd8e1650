import { expect, test } from 'vitest'
import { referenceStore } from '../fixtures/reference-store.js'
import { readSource } from './modules.js'

type Call = (...args: readonly unknown[]) => unknown

/** The store's calls by the names under which its users know them. */
function callsOf(store: object): Map<string, Call> {
  const calls = new Map<string, Call>()
  const take = (part: object, prefix: string): void => {
    for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(part))) {
      const call: unknown = Reflect.get(part, name)
      if (name !== 'constructor') calls.set(prefix + name, (call as Call).bind(part))
    }
  }
  take(store, '')
  for (const [name, part] of Object.entries(store)) take(part as object, `${name}.`)
  return calls
}

/** The rows of the table: what is called, and its arguments as they stand there. */
function documented(): { readonly name: string; readonly args: readonly string[] }[] {
  const [, table = ''] = readSource('docs/guide.md').split('## All calls\n')
  return [...table.matchAll(/^\| `([\w.]+)\((.*?)\)`/gm)].map(([, name = '', args = '']) => ({
    name,
    args: args.match(/\{.*?\}\??|[\w?]+/g) ?? [],
  }))
}

test('the guide lists all calls, each once, and no others', async () => {
  const store = referenceStore()
  const names = documented().map(({ name }) => name)
  expect(names.toSorted()).toEqual([...callsOf(store).keys()].toSorted())
  await store.close()
})

test('the fields that the guide shows are known', async () => {
  const store = referenceStore()
  const calls = callsOf(store)
  const unknown: string[] = []
  for (const { name, args } of documented().filter(({ name: each }) => each !== 'close')) {
    const given = args.map((arg) =>
      arg.startsWith('{')
        ? Object.fromEntries((arg.match(/\w+/g) ?? []).map((field) => [field, undefined]))
        : 'x',
    )
    try {
      await calls.get(name)?.(...given)
    } catch (error) {
      if (/not a known field/.test(String(error))) unknown.push(`${name}: ${String(error)}`)
    }
  }
  expect(unknown).toEqual([])
  await store.close()
})
