/// <reference lib="es2024.string" />
import { ColumbaError } from '../errors.js'
import type { Json } from './json.js'
import { unreadable } from './unreadable.js'

export interface JsonBounds {
  /** UTF-8 bytes of the canonical form. */
  readonly maxBytes: number
  /** Nested arrays and objects; a bare string or number has depth 0. Small, because encoding recurses. */
  readonly maxDepth: number
  /** What the value is called in errors. */
  readonly field: string
}

/**
 * The one text of a JSON value: keys sorted by UTF-16 code units, no white space. Values that are equal as JSON have
 * the same text. Every property is read exactly once, and what it said then is what counts.
 *
 * Throws INVALID_ARGUMENT for what JSON cannot say (undefined, functions, symbols, BigInt, NaN, infinities, lone
 * surrogates, dates and other objects with a class, arrays with names in them, cycles) and TOO_LARGE for what is beyond
 * the bounds; nothing larger than the bounds is ever built.
 */
export function canonicalJson(value: unknown, bounds: JsonBounds): string {
  const encoder = new Encoder(bounds)
  try {
    encoder.value(value)
  } catch (error) {
    throw unreadable(bounds.field, error)
  }
  return encoder.text
}

/** The value of a canonical text, deeply frozen. A key `__proto__` is a key like any other. */
export function parseCanonicalJson(text: string): Json {
  return deepFreeze(JSON.parse(text) as Json)
}

function deepFreeze(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}

/** The place of what is written in an object, whose keys are the caller's: errors do not tell them. */
const property = -1
const leastBytesOfProperty = 5

class Encoder {
  readonly #bounds: JsonBounds
  /** The objects that are being written, outermost first: one that comes up again inside itself is a cycle. */
  readonly #open: object[] = []
  /** Where in each of them: the index in an array, or `property`. */
  readonly #places: number[] = []
  #bytes = 0
  text = ''

  constructor(bounds: JsonBounds) {
    this.#bounds = bounds
  }

  value(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.#string(value)
        break
      case 'number':
        if (!Number.isFinite(value)) this.#invalid(`holds the number ${value}`)
        this.#ascii(JSON.stringify(value))
        break
      case 'boolean':
        this.#ascii(value ? 'true' : 'false')
        break
      case 'object':
        if (value === null) this.#ascii('null')
        else this.#nested(value)
        break
      default:
        this.#invalid(`holds a value of type ${typeof value}`)
    }
  }

  #nested(value: object): void {
    if (this.#open.includes(value)) this.#invalid('contains itself')
    if (this.#open.length >= this.#bounds.maxDepth)
      this.#tooLarge(`is nested deeper than ${this.#bounds.maxDepth}`, this.#bounds.maxDepth)
    const isArray = Array.isArray(value)
    this.#checkPlain(value, isArray)
    this.#open.push(value)
    this.#places.push(property)
    if (isArray) this.#array(value)
    else this.#object(value as Record<string, unknown>)
    this.#places.pop()
    this.#open.pop()
  }

  #checkPlain(object: object, isArray: boolean): void {
    // Of the prototypes only the top one is plain, and that of arrays right below it, whichever realm they come from.
    let prototype: unknown = Object.getPrototypeOf(object)
    if (isArray && prototype !== null) prototype = Object.getPrototypeOf(prototype)
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
      this.#invalid('holds an object with a class')
    if (Object.getOwnPropertySymbols(object).length > 0) this.#invalid('holds a symbol as a key')
  }

  #array(values: readonly unknown[]): void {
    const { length } = values
    // A value and the comma behind it take at least two bytes: a huge sparse array is refused before it is walked.
    if (length * 2 + 1 > this.#bounds.maxBytes - this.#bytes) this.#tooManyBytes()
    if (Object.keys(values).length > length) this.#invalid('holds an array with names in it')
    this.#ascii('[')
    const depth = this.#places.length - 1
    for (let index = 0; index < length; index += 1) {
      if (index > 0) this.#ascii(',')
      this.#places[depth] = index
      this.value(values[index])
    }
    this.#ascii(']')
  }

  #object(object: Record<string, unknown>): void {
    const keys = Object.keys(object)
    // Two quotes, a colon, a value and the comma: a huge object is refused before its names are sorted.
    if (keys.length * leastBytesOfProperty + 1 > this.#bounds.maxBytes - this.#bytes) this.#tooManyBytes()
    this.#ascii('{')
    let first = true
    for (const key of keys.sort()) {
      if (!first) this.#ascii(',')
      first = false
      this.#string(key)
      this.#ascii(':')
      this.value(object[key])
    }
    this.#ascii('}')
  }

  #string(value: string): void {
    // Quoting makes a string longer or keeps it: a huge one is refused before it is quoted.
    if (value.length + 2 > this.#bounds.maxBytes - this.#bytes) this.#tooManyBytes()
    if (!value.isWellFormed()) this.#invalid('holds text that is not well-formed')
    const quoted = JSON.stringify(value)
    this.#count(Buffer.byteLength(quoted))
    this.text += quoted
  }

  #ascii(text: string): void {
    this.#count(text.length)
    this.text += text
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.#bounds.maxBytes) this.#tooManyBytes()
  }

  #tooManyBytes(): never {
    const { maxBytes } = this.#bounds
    return this.#tooLarge(`takes more than ${maxBytes} bytes`, maxBytes)
  }

  #tooLarge(why: string, limit: number): never {
    const { field } = this.#bounds
    throw new ColumbaError('TOO_LARGE', `${field} ${why}`, { field, limit })
  }

  #invalid(why: string): never {
    const { field } = this.#bounds
    if (this.#places.length === 0) throw new ColumbaError('INVALID_ARGUMENT', `${field} ${why}`, { field })
    const places = this.#places.map((place) => (place === property ? '.*' : `[${place}]`))
    const path = `${field}${places.join('')}`
    throw new ColumbaError('INVALID_ARGUMENT', `${field} ${why}, at ${path}`, { field, path })
  }
}
