import { runInNewContext } from 'node:vm'
import { assert, jsonValue, property } from 'fast-check'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { ColumbaError } from '../../../src/errors.js'
import { canonicalJson, parseCanonicalJson } from '../../../src/model/canonical-json.js'
import { thrownBy } from '../../fixtures/thrown-by.js'

const bounds = { maxBytes: 1000, maxDepth: 4, field: 'value' }

describe('canonical JSON', () => {
  test('has sorted keys and no white space', () => {
    expect(canonicalJson({ b: [1, null, true], a: { d: 'é', c: -0 } }, bounds)).toBe(
      '{"a":{"c":0,"d":"é"},"b":[1,null,true]}',
    )
  })

  test('says what JSON says', () => {
    assert(
      property(jsonValue({ maxDepth: 4 }), (value) => {
        const text = canonicalJson(value, { ...bounds, maxBytes: 1_000_000, maxDepth: 32 })
        expect(JSON.stringify(parseCanonicalJson(text))).toBe(
          JSON.stringify(
            parseCanonicalJson(
              canonicalJson(JSON.parse(text), { ...bounds, maxBytes: 1_000_000, maxDepth: 32 }),
            ),
          ),
        )
        expect(parseCanonicalJson(text)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test('keeps __proto__ as a key', () => {
    const text = '{"__proto__":{"x":1},"constructor":2}'
    expect(canonicalJson(JSON.parse(text), bounds)).toBe(text)
    const value = parseCanonicalJson(text)
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor'])
  })

  test('reads each property once', () => {
    let reads = 0
    const value = {
      get a() {
        reads += 1
        return reads
      },
    }
    expect(canonicalJson(value, bounds)).toBe('{"a":1}')
  })

  test('gives deeply frozen values', () => {
    const value = parseCanonicalJson('{"a":[{"b":1}]}') as { a: [object] }
    expect([value, value.a, value.a[0]].every((part) => Object.isFrozen(part))).toBe(true)
  })

  test('counts bytes exactly', () => {
    for (const value of [
      'é',
      '"\n',
      [1, 2, 3],
      { a: 'x', b: [] },
      { '': 0 },
      { '': 0, '1': 0 },
      '👩',
      1e21,
      -1.5e-7,
    ]) {
      const text = canonicalJson(value, bounds)
      const maxBytes = Buffer.byteLength(text)
      expect(canonicalJson(value, { ...bounds, maxBytes })).toBe(text)
      expect(() => canonicalJson(value, { ...bounds, maxBytes: maxBytes - 1 })).toThrow(
        expect.objectContaining({ code: 'TOO_LARGE' }),
      )
    }
  })

  test('a huge object is refused before its names are sorted', () => {
    const names = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`n${index}`, 0]))
    const sort = vi.spyOn(Array.prototype, 'sort')
    onTestFinished(() => sort.mockRestore())
    expect(() => canonicalJson(names, { ...bounds, maxBytes: 4000 })).toThrow(
      expect.objectContaining({ code: 'TOO_LARGE' }),
    )
    expect(sort).not.toHaveBeenCalled()
  })

  const shared = { secret: [1] }
  const cycle: unknown[] = [0]
  cycle.push({ secret: cycle })

  test.each([
    ['holds a value of type undefined', '.*[1].*', { secret: [{ secret: 'x' }, { secret: undefined }] }],
    ['holds a value of type undefined', '[0]', Array.from({ length: 1 })],
    ['holds a value of type function', '[2][0]', [shared, [shared], [() => 1]]],
    ['holds the number NaN', '.*', { first: [shared, shared], secret: Number.NaN }],
    ['holds an object with a class', '[1]', [shared, new Date(0)]],
    ['holds an object with a class', '[0]', [new (class extends Array {})()]],
    ['holds a symbol as a key', '.*', { secret: { [Symbol('secret')]: 1 } }],
    ['holds a symbol as a key', '[0]', [Object.assign([], { [Symbol('secret')]: 1 })]],
    ['holds an array with names in it', '[0].*', [Object.assign([1, 2], { secret: 1 })]],
    ['holds text that is not well-formed', '.*.*', { secret: { '\ud800': 1 } }],
    ['contains itself', '[1].*', cycle],
  ])('that it %s is said with the place, value%s, and without a name', (why, place, value) => {
    const details = { field: 'value', path: `value${place}` }
    const message = `value ${why}, at value${place}`
    const error = thrownBy(() => canonicalJson(value, bounds))
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message, details })
  })

  test('arrays of another realm are arrays', () => {
    expect(canonicalJson(runInNewContext('[[1], { a: [] }]'), bounds)).toBe('[[1],{"a":[]}]')
  })

  test('of what is no JSON as a whole no place is said', () => {
    const error = thrownBy(() => canonicalJson(undefined, bounds)) as ColumbaError
    expect(error.message).toBe('value holds a value of type undefined')
    expect(error.details).toEqual({ field: 'value' })
  })

  test('says so when the caller’s object throws', () => {
    const cause = new Error('mine')
    const value = {
      get a(): never {
        throw cause
      },
    }
    expect(() => canonicalJson(value, bounds)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', cause }),
    )
  })
})
