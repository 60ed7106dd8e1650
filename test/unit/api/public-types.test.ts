import { describe, expectTypeOf, test } from 'vitest'
import { ColumbaError, isColumbaError, type openMessageStore } from '../../../src/index.js'
import type {
  Change,
  Json,
  LocalMessageStore,
  LocalStats,
  MessageStore,
  StoreStats,
} from '../../../src/index.js'

// What the compiler makes of the public types: wrong ones are refused when this is compiled. What runs here checks nothing more.

describe('isColumbaError', () => {
  const error = new ColumbaError('LOCKED', 'held') as ColumbaError | TypeError

  test('tells an error of the library from others', () => {
    if (isColumbaError(error)) expectTypeOf(error).toEqualTypeOf<ColumbaError>()
    else expectTypeOf(error).toEqualTypeOf<TypeError>()
  })

  test('with a code says which one it is, and of others nothing', () => {
    if (isColumbaError(error, 'LOCKED')) expectTypeOf(error.code).toEqualTypeOf<'LOCKED'>()
    else expectTypeOf(error).toEqualTypeOf<ColumbaError | TypeError>()
  })

  test('with one code after the other', () => {
    if (!isColumbaError(error)) return
    if (isColumbaError(error, 'LOCKED')) expectTypeOf(error.code).toEqualTypeOf<'LOCKED'>()
    else if (isColumbaError(error, 'CLOSED')) expectTypeOf(error.code).toEqualTypeOf<'CLOSED'>()
    else expectTypeOf(error).toEqualTypeOf<ColumbaError>()
  })
})

describe('a change', () => {
  test('of each kind is an arm of its own', () => {
    expectTypeOf<{ [K in Change['kind']]: Extract<Change, { kind: K }>['kind'] }>().toEqualTypeOf<{
      [K in Change['kind']]: K
    }>()
  })
})

describe('the numbers of a store', () => {
  type Numbers<Store extends MessageStore> = Awaited<ReturnType<Store['admin']['stats']>>

  test('that was opened are known one by one; of any store, those that every backend gives', () => {
    expectTypeOf<Awaited<ReturnType<typeof openMessageStore>>>().toEqualTypeOf<LocalMessageStore>()
    expectTypeOf<Numbers<LocalMessageStore>>().toEqualTypeOf<LocalStats>()
    expectTypeOf<Numbers<LocalMessageStore>['log']['queuedBytes']>().toEqualTypeOf<number>()
    expectTypeOf<Numbers<MessageStore>>().toEqualTypeOf<StoreStats>()
  })

  test('do not matter to whoever takes any store: one over another backend is one', () => {
    expectTypeOf<LocalMessageStore>().toExtend<MessageStore>()
  })
})

/** Not a `type`: that is what is tested here. */
interface Picture {
  readonly url: string
  readonly size: readonly [number, number]
}

describe('attributes', () => {
  test('are of a type, or a copy of what has an interface', () => {
    const picture: Picture = { url: 'x', size: [1, 2] }
    expectTypeOf<Pick<Picture, 'url' | 'size'>>().toExtend<Json>()
    expectTypeOf({ ...picture }).toExtend<Json>()
    expectTypeOf<Picture>().not.toExtend<Json>()
  })
})
