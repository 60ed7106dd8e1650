import type { Json } from './json.js'
import type { Message } from './message.js'

/*
 * What messages take of V8's heap as objects, in bytes: roughly, and rather too much. A text that is all Latin takes half of what is
 * said here, but nobody can see that.
 */

/** A message without its strings and attributes. */
const messageBytes = 240
const bytesPerUnit = 2
/** A string without its characters; a number that is no small integer. */
const stringBytes = 16
const numberBytes = 16
const smallInteger = 2 ** 31

/**
 * Arrays and objects without what is in them, and what an element and a property take. Small ones cost 40 to 70 bytes for two
 * or three characters of JSON, so its length tells little: what it is made of takes from half of it to 27 times as much.
 */
const arrayBytes = 48
const elementBytes = 8
const objectBytes = 48
const propertyBytes = 24
/**
 * V8 has each key once, as long as any object has it: those of a schema cost nothing. Nobody can see which are shared; one that
 * is no longer than this is taken to be, and what it costs if it is not is little.
 */
const longestShared = 16

export function messageCost({ id, deviceId, text, attributes }: Message): number {
  const units = id.length + text.length + (deviceId === undefined ? 0 : deviceId.length)
  const bytes = messageBytes + bytesPerUnit * units
  return attributes === undefined ? bytes : bytes + jsonCost(attributes)
}

/** Of a parsed value. */
export function jsonCost(value: Json): number {
  if (typeof value === 'string') return stringBytes + bytesPerUnit * value.length
  if (typeof value === 'number')
    return Number.isInteger(value) && Math.abs(value) < smallInteger ? 0 : numberBytes
  if (typeof value !== 'object' || value === null) return 0
  let bytes = 0
  if (Array.isArray(value)) {
    for (const element of value as readonly Json[]) bytes += elementBytes + jsonCost(element)
    return arrayBytes + bytes
  }
  const properties = value as { readonly [key: string]: Json }
  for (const key in properties) {
    // What all objects of the process have been given is in none of them, and may be an object that has it in turn.
    if (!Object.hasOwn(properties, key)) continue
    bytes += propertyBytes + jsonCost(properties[key] as Json)
    if (key.length > longestShared) bytes += stringBytes + bytesPerUnit * key.length
  }
  return objectBytes + bytes
}
