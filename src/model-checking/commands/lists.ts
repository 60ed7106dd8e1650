import type { Arbitrary } from 'fast-check'
import type { Conversation } from '../../model/conversation.js'
import { require, requireEqual, scribble } from '../compare.js'
import { expectCall, refused } from '../expectation.js'
import { conversationView, unread } from '../model-views.js'
import type { ListOptions } from '../store-under-test.js'
import type { FastCheck, World } from '../world.js'
import { given, pick } from '../world.js'
import type { ChatCommand, Stage } from './command.js'
import { choices, command } from './command.js'
import type { MarkArgs } from './marks.js'
import { markAndExpect, markArgs } from './marks.js'
import type { SendArgs } from './send.js'
import { requestOf, sendAndExpect, sendArgs } from './send.js'

interface ListArgs {
  readonly user: number
  readonly limit: number
  readonly start: number
  readonly since: number | undefined
  readonly unreadOnly: boolean
}

function listArgs(fc: FastCheck): Arbitrary<ListArgs> {
  return fc.record({
    user: fc.nat(choices),
    limit: fc.integer({ min: 1, max: 4 }),
    start: fc.nat(4),
    since: fc.option(fc.nat(choices), { nil: undefined }),
    unreadOnly: fc.boolean(),
  })
}

/** A time around which the user's conversations are active: one of their own times, or just beside it. */
function sinceOf({ model }: Stage, user: string, n: number | undefined): number | undefined {
  const rows = model.list(user).map((talk) => conversationView(talk, user))
  if (n === undefined || rows.length === 0) return undefined
  const { activityAt } = pick(rows, n >> 2)
  const time = typeof activityAt === 'number' ? activityAt : activityAt.value
  return time === undefined ? undefined : Math.max(0, time + (n % 3) - 1)
}

function timeOf(row: ReturnType<typeof conversationView>): number {
  return typeof row.activityAt === 'number' ? row.activityAt : (row.activityAt.value ?? Infinity)
}

/** One page of the list in any form. */
export function listCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  return listArgs(fc).map((args) =>
    command('getConversations', world, args, async (stage) => {
      const { model, real } = stage
      const user = pick(world.users, args.user)
      const { limit, start, unreadOnly } = args
      const since = sinceOf(stage, user, args.since)
      const options = given({ limit, start, since, unreadOnly }) as ListOptions
      await real.settle()
      const rows = model
        .list(user)
        .map((talk) => conversationView(talk, user))
        .filter((row) => !unreadOnly || row.unread > 0)
        .filter((row) => since === undefined || timeOf(row) >= since)
      const page = await real.store.getConversations(user, options)
      const what = `getConversations(${JSON.stringify([user, options])})`
      requireEqual(page.items, rows.slice(start, start + limit), what)
      if (!unreadOnly)
        requireEqual(page.next === null, rows.length <= start + limit, `${what}: next at the end only`)
      scribble(page)
      return undefined
    }),
  )
}

interface WalkArgs extends ListArgs {
  /** What happens between the pages. */
  readonly between: readonly (SendArgs | MarkArgs)[]
}

/**
 * A walk along the list by cursor while messages arrive and conversations move: everything that was there at the first
 * page comes exactly once, in the order of then, with what it is now; what is new since does not come.
 */
export function walkListCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  const between = fc.array(fc.oneof(sendArgs(fc), sendArgs(fc), markArgs(fc)), { maxLength: 12 })
  const args = fc.tuple(listArgs(fc), between).map(([list, steps]): WalkArgs => ({ ...list, between: steps }))
  return args.map((chosen) => command('walkList', world, chosen, (stage) => walk(stage, chosen)))
}

async function walk(stage: Stage, args: WalkArgs): Promise<string[]> {
  const { model, real, world } = stage
  const user = pick(world.users, args.user)
  const since = sinceOf(stage, user, args.since)
  const options = given({ limit: args.limit, since, unreadOnly: args.unreadOnly || undefined }) as ListOptions
  await real.settle()
  const whole = model.list(user)
  const there = whole
    .filter((talk) => since === undefined || timeOf(conversationView(talk, user)) >= since)
    .map(({ id }) => id)
  const alwaysUnread = new Set(there)
  const keepUnread = (): void => {
    for (const talk of model.talks) if (unread(talk, user) === 0) alwaysUnread.delete(talk.id)
  }
  keepUnread()
  const touched: string[] = []
  const seen: string[] = []
  const between = [...args.between]
  let cursor: string | undefined
  for (let pages = 0; pages <= whole.length + 1; pages++) {
    const page = await real.store.getConversations(user, given({ ...options, cursor }))
    require(page.items.length <= args.limit, 'no more conversations than asked for', page)
    for (const item of page.items) checkItem(stage, user, item, options)
    seen.push(...page.items.map(({ id }) => id))
    if (page.next === null) {
      const needed = options.unreadOnly === true ? alwaysUnread : new Set(there)
      checkWalk(
        whole.map(({ id }) => id),
        seen,
        needed,
      )
      return touched
    }
    cursor = page.next
    await checkForeignCursor(stage, user, options, cursor)
    for (const step of between.splice(0, 3)) {
      touched.push(
        ...('by' in step
          ? await markAndExpect(stage, step)
          : await sendAndExpect(stage, requestOf(stage, step))),
      )
      keepUnread()
    }
    await real.settle()
  }
  require(false, 'a walk ends', seen)
}

function checkItem(
  { model }: Stage,
  user: string,
  item: Conversation,
  { unreadOnly = false, since }: ListOptions,
): void {
  const talk = model.talk(item.id)
  require(talk !== undefined, 'a conversation of the list exists', item)
  requireEqual(item, conversationView(talk, user), 'a conversation on a later page is as it is now')
  require(!unreadOnly || item.unread > 0, 'the cursor carries its filter', item)
  require(since === undefined || item.activityAt >= since, 'the cursor carries its filter', item)
}

/**
 * `whole` is the list without a filter as it was at the first page. Filters look at what a conversation is when its page
 * is read, so one of then that matches only since may come as well, at the place where it stood.
 */
function checkWalk(whole: readonly string[], seen: readonly string[], needed: ReadonlySet<string>): void {
  const expected = whole.filter((id) => seen.includes(id))
  requireEqual(seen, expected, `a walk keeps the order of its first page ${JSON.stringify(whole)}`)
  const missing = [...needed].filter((id) => !seen.includes(id))
  requireEqual(missing, [], 'a walk misses nothing that was there')
}

/** A cursor belongs to its user and its filter, and stands alone. */
async function checkForeignCursor(
  stage: Stage,
  user: string,
  options: ListOptions,
  cursor: string,
): Promise<void> {
  const { store } = stage.real
  const foreign = stage.world.users.find((other) => other !== user) ?? 'nobody'
  const misuses: readonly [string, ListOptions][] = [
    [foreign, { ...options, cursor }],
    [user, { ...options, cursor, start: 1 }],
    [user, { ...options, cursor, unreadOnly: options.unreadOnly !== true }],
    [user, { ...options, cursor, since: (options.since ?? 0) + 1 }],
    [user, { ...options, cursor: `${cursor}x` }],
  ]
  for (const [who, wrong] of misuses) {
    await expectCall(`getConversations(${JSON.stringify([who, wrong])})`, refused('INVALID_ARGUMENT'), () =>
      store.getConversations(who, wrong),
    )
  }
}
