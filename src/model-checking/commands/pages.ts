import type { Arbitrary } from 'fast-check'
import type { Message } from '../../model/message.js'
import type { Page } from '../../model/page.js'
import { require, requireEqual, scribble } from '../compare.js'
import { accepted, expectCall, refused } from '../expectation.js'
import type { Talk } from '../model-state.js'
import { isPresent } from '../model-state.js'
import { conversationView, messageView, pageView, visible } from '../model-views.js'
import type { PageOptions } from '../store-under-test.js'
import type { FastCheck, World } from '../world.js'
import { given, pick } from '../world.js'
import type { ChatCommand, Stage } from './command.js'
import { choices, command, pickRef } from './command.js'
import type { SendArgs } from './send.js'
import { requestOf, sendAndExpect, sendArgs } from './send.js'

const forms = ['newest', 'before', 'after', 'around', 'offset'] as const

interface PageArgs {
  readonly user: number
  readonly target: number
  readonly form: (typeof forms)[number]
  readonly at: number
  readonly limit: number
  readonly between: readonly SendArgs[]
}

function optionsOf({ form, at, limit }: PageArgs): PageOptions {
  return form === 'newest'
    ? { limit }
    : { limit, [form]: form === 'around' || form === 'before' ? at + 1 : at }
}

/** A page in any form, and the walk from it to the end while messages arrive. */
export function pageCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  const args = fc.record({
    user: fc.nat(choices),
    target: fc.nat(choices),
    form: fc.constantFrom(...forms),
    at: fc.nat(14),
    limit: fc.integer({ min: 1, max: 5 }),
    between: fc.array(sendArgs(fc), { maxLength: 4 }),
  })
  return args.map((chosen) =>
    command('getMessages', world, chosen, async (stage) => {
      const { model, real } = stage
      const user = pick(world.users, chosen.user)
      const ref = pickRef(stage, user, chosen.target)
      const options = optionsOf(chosen)
      await real.settle()
      const talk = model.seenBy(user, ref)
      const what = `getMessages(${JSON.stringify([user, ref, options])})`
      if (talk === undefined) {
        const nobody = typeof ref === 'string' ? refused<unknown>('NOT_A_MEMBER') : emptyPage(what)
        await expectCall(what, nobody, () => real.store.getMessages(user, ref, options))
        return undefined
      }
      const page = await real.store.getMessages(user, ref, options)
      checkPage(talk, user, options, page, what)
      return walkPages(stage, talk, user, chosen, page)
    }),
  )
}

function emptyPage(what: string) {
  return accepted((page: unknown) => {
    const { items } = page as Page<Message>
    requireEqual(items, [], `${what}: one that has not begun reads as empty`)
  })
}

function checkPage(talk: Talk, user: string, options: PageOptions, page: Page<Message>, what: string): void {
  if (options.around !== undefined) {
    checkAround(talk, user, options.around, options.limit ?? 50, page, what)
    return
  }
  const { items, more } = pageView(talk, user, options)
  requireEqual(
    page.items,
    items.map((message) => messageView(talk, message)),
    what,
  )
  // An ascending page may give a `next` also at the present end, to go on into what is new.
  if (options.after === undefined) requireEqual(page.next !== null, more, `${what}: next`)
  else require(!more || page.next !== null, `${what}: next`)
}

/** The message stands in the middle where both sides have enough; the page is a stretch of what is visible. */
function checkAround(
  talk: Talk,
  user: string,
  seq: number,
  limit: number,
  page: Page<Message>,
  what: string,
): void {
  const seen = visible(talk, user).toReversed()
  const first = seen.findIndex((message) => message.seq === page.items[0]?.seq)
  const views = seen.map((message) => messageView(talk, message))
  if (page.items.length > 0 || seen.some((message) => message.seq === seq)) {
    requireEqual(
      page.items,
      views.slice(first, first + page.items.length),
      `${what}: a stretch of the conversation`,
    )
  }
  require(page.items.length <= limit, `${what}: no more than asked for`, page)
  const place = seen.findIndex((message) => message.seq === seq)
  if (place < 0) return
  const newer = place - first
  const older = page.items.length - 1 - newer
  require(newer >= 0 && older >= 0, `${what}: the page has the message`, page)
  const fits = Math.floor((limit - 1) / 2)
  require(newer >= Math.min(fits, place), `${what}: enough newer ones`, page)
  require(older >= Math.min(fits, seen.length - 1 - place), `${what}: enough older ones`, page)
  requireEqual(page.next !== null, first + page.items.length < seen.length, `${what}: next goes to older`)
}

/** Follows `next` to the end: no message twice, none missing, whatever arrives meanwhile. */
async function walkPages(
  stage: Stage,
  talk: Talk,
  user: string,
  args: PageArgs,
  page: Page<Message>,
): Promise<string[]> {
  const { real } = stage
  const { limit } = args
  const ascending = args.form === 'after'
  const touched: string[] = []
  const between = [...args.between]
  let last = page.items.at(-1)?.seq
  let { next } = page
  scribble(page)
  for (let pages = 0; next !== null; pages++) {
    require(pages < 200, 'a walk ends')
    for (const step of between.splice(0, 1))
      touched.push(...(await sendAndExpect(stage, requestOf(stage, step))))
    await real.settle()
    const cursor = next
    const options = given(optionsForNext(args, cursor))
    const following = await real.store.getMessages(user, talk.id, options)
    const from: PageOptions = ascending ? { limit, after: last ?? args.at } : { limit, before: last ?? 0 }
    const { items, more } = pageView(talk, user, from)
    const views = items.map((message) => messageView(talk, message))
    requireEqual(following.items, views, `page ${pages} behind ${JSON.stringify(optionsOf(args))}`)
    if (!ascending) requireEqual(following.next !== null, more, 'next of a later page')
    if (pages === 0) await checkForeignCursor(stage, talk, user, options)
    last = following.items.at(-1)?.seq ?? last
    next = following.items.length === 0 ? null : following.next
  }
  return touched
}

/** `cursor` stands alone beside `limit`: it carries what it belongs to. */
function optionsForNext({ limit }: PageArgs, cursor: string): PageOptions {
  return { limit, cursor }
}

async function checkForeignCursor(
  stage: Stage,
  talk: Talk,
  user: string,
  options: PageOptions,
): Promise<void> {
  const { model, real } = stage
  const misuses: [string, string, PageOptions][] = [
    [user, talk.id, { ...options, before: 2 }],
    [user, talk.id, { ...options, offset: 1 }],
    [user, talk.id, { ...options, cursor: `${options.cursor ?? ''}x` }],
  ]
  const otherUser = [...talk.members.keys()].find((member) => member !== user)
  if (otherUser !== undefined) misuses.push([otherUser, talk.id, options])
  const otherTalk = model.list(user).find(({ id }) => id !== talk.id)
  if (otherTalk !== undefined) misuses.push([user, otherTalk.id, options])
  for (const [who, where, wrong] of misuses) {
    await expectCall(`getMessages(${JSON.stringify([who, where, wrong])})`, refused('INVALID_ARGUMENT'), () =>
      real.store.getMessages(who, where, wrong),
    )
  }
}

/** Single things: a message, a conversation, the receipts; also those that the user may not see. */
export function lookCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  const args = fc.record({
    user: fc.nat(choices),
    target: fc.nat(choices),
    seq: fc.integer({ min: 1, max: 14 }),
  })
  return args.map((chosen) =>
    command('look', world, chosen, async (stage) => {
      const { model, real } = stage
      const { store } = real
      const user = pick(world.users, chosen.user)
      const ref = pickRef(stage, user, chosen.target)
      await real.settle()
      const talk = model.seenBy(user, ref)
      const message = talk && visible(talk, user).find(({ seq }) => seq === chosen.seq)
      const where = JSON.stringify([user, ref, chosen.seq])
      await expectCall(
        `getMessage(${where})`,
        talk !== undefined && message !== undefined
          ? accepted((actual) => {
              requireEqual(actual, messageView(talk, message), `getMessage(${where})`)
            })
          : refused(talk === undefined && typeof ref === 'string' ? 'NOT_A_MEMBER' : 'MESSAGE_NOT_FOUND'),
        () => store.getMessage(user, ref, chosen.seq),
      )
      const expected = talk === undefined ? null : conversationView(talk, user)
      await expectCall(
        `getConversation(${where})`,
        talk === undefined && typeof ref === 'string'
          ? refused<unknown>('NOT_A_MEMBER')
          : accepted((actual: unknown) => {
              requireEqual(actual, expected, `getConversation(${where})`)
            }),
        () => store.getConversation(user, ref),
      )
      if (talk === undefined && typeof ref === 'string') {
        await expectCall(`getReceipts(${where})`, refused('NOT_A_MEMBER'), () => store.getReceipts(user, ref))
      } else if (talk !== undefined && isPresent(talk, user)) {
        const few = await store.getReceipts(user, ref, { limit: 1 })
        require(few.length <= 1, 'no more receipts than asked for', few)
      }
      return undefined
    }),
  )
}
