import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChangeRef } from '../../../src/backend/port.js'
import { ReferenceBackend } from '../../../src/backend/reference/reference-backend.js'
import {
  entriesBehind as entriesOf,
  formatFeedPlace,
  parseFeedPlace,
} from '../../../src/domain/feed-place.js'
import type { FeedEntry, FeedPlace } from '../../../src/domain/feed-place.js'
import { PlaceKeys } from '../../../src/domain/place-keys.js'
import type { ConversationId, Position, UserId } from '../../../src/model/ids.js'

const conversationId = 'club' as ConversationId
const at = (position: number, within?: string): FeedPlace => ({ position: position as Position, within })
const member = (position: number, user: string): ChangeRef => ({
  position: position as Position,
  kind: 'member',
  conversationId,
  userId: user as UserId,
})

// Many readers have one of these.
const keys = new PlaceKeys()
const entriesBehind = (refs: readonly ChangeRef[], place: FeedPlace): readonly FeedEntry[] =>
  entriesOf(refs, place, keys)

/** Positions from 1 on, each with some members that joined in one commit. */
const feeds = fc
  .array(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1, maxLength: 5 }), {
    maxLength: 6,
  })
  .map((groups) => groups.flatMap((users, index) => users.map((user) => member(index + 1, user))))

const keyOf = (ref: ChangeRef): string => JSON.stringify(ref)

describe('places in a feed', () => {
  test('reading on from any place gives the rest, nothing twice', () => {
    fc.assert(
      fc.property(feeds, fc.nat(30), (refs, stop) => {
        const all = entriesBehind(refs, at(0))
        expect(all.map(({ ref }) => keyOf(ref)).toSorted()).toEqual(refs.map(keyOf).toSorted())
        const read = all.slice(0, stop)
        const place = read.at(-1)?.behind ?? at(0)
        const rest = entriesBehind(
          refs.filter(({ position }) => position > place.position),
          place,
        )
        expect([...read, ...rest].map(({ ref }) => keyOf(ref))).toEqual(all.map(({ ref }) => keyOf(ref)))
      }),
    )
  })

  test('overtaken pointers that vanish between two pages hide nothing', () => {
    fc.assert(
      fc.property(feeds, fc.nat(30), fc.func(fc.boolean()), (refs, stop, vanishes) => {
        const all = entriesBehind(refs, at(0))
        const read = all.slice(0, stop)
        const place = read.at(-1)?.behind ?? at(0)
        const kept = refs.filter((ref) => ref.position > place.position && !vanishes(keyOf(ref)))
        const given = new Set([...read, ...entriesBehind(kept, place)].map(({ ref }) => keyOf(ref)))
        for (const ref of kept) expect(given).toContain(keyOf(ref))
      }),
    )
  })

  test('the same member at a later position is another pointer', () => {
    const [first] = entriesBehind([member(1, 'a'), member(1, 'b')], at(0))
    const place = first?.behind ?? at(0)
    expect(place).toMatchObject({ position: 0 })
    expect(entriesBehind([member(2, 'a'), member(2, 'b')], place)).toHaveLength(2)
    expect(entriesBehind([member(2, 'a')], place)).toHaveLength(1)
  })

  test('a token is read as it was written, and nothing else is one', () => {
    const backend = new ReferenceBackend()
    const [first, last] = entriesBehind([member(1, 'a'), member(1, 'b')], at(0))
    const places = [at(0), first?.behind ?? at(0)]
    for (const place of places)
      expect(parseFeedPlace(backend, formatFeedPlace(backend, place))).toEqual(place)
    expect(last?.behind).toEqual(at(1))
    const token = formatFeedPlace(backend, first?.behind ?? at(0))
    for (const wrong of [
      '',
      '~',
      'x',
      `${token}x`,
      token.slice(1),
      token.slice(0, -1),
      `${backend.token(0 as Position)}~`,
    ]) {
      expect(() => parseFeedPlace(backend, wrong)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      )
    }
  })

  test('what a position has is brought in order once for all who are told the same', () => {
    const own = new PlaceKeys()
    const users = Array.from({ length: 1000 }, (_, index) => `user ${index}`)
    const refs = users.map((user) => member(7, user))
    const ordered = own.inOrder(refs)
    expect(own.inOrder([...refs])).toBe(ordered)
    // As they come from a disk.
    expect(own.inOrder(structuredClone(refs))).toBe(ordered)
    const fewer = own.inOrder(refs.slice(1))
    expect(fewer).toEqual(ordered.filter(({ ref }) => ref !== refs[0]))
    expect(own.inOrder([member(7, 'other'), ...refs.slice(1)])).not.toEqual(ordered)
  })

  test('the order of what a position has is not kept for ever', () => {
    const own = new PlaceKeys()
    const users = Array.from({ length: 1024 }, (_, index) => `user ${index}`)
    const ordered = (position: number) => own.inOrder(users.map((user) => member(position, user)))
    const first = ordered(1)
    for (const position of [2, 3, 4]) ordered(position)
    expect(ordered(1)).toBe(first)
    ordered(5)
    expect(ordered(1)).not.toBe(first)
    const many = Array.from({ length: 5000 }, (_, index) => member(6, `user ${index}`))
    expect(own.inOrder(many)).toBe(own.inOrder(many))
  })

  test('tokens of earlier versions mean what they meant', () => {
    const ordered = new PlaceKeys().inOrder(['a', 'b', 'c'].map((user) => member(1, user)))
    expect(ordered.map(({ ref, key }) => ['userId' in ref && ref.userId, key])).toEqual([
      ['c', '1C4MdvIAWFK_Uh3J2LUcJ'],
      ['a', '1JqOYRPh51cATfFDo6iLl'],
      ['b', '1QRno2czTJFHjydds7M6x'],
    ])
  })
})
