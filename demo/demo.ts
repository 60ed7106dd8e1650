import { openMessageStore } from '../src/index.js'
import type { MessageStore } from '../src/index.js'
import type { Script } from './actions.js'
import { ChatWriter } from './chat.js'
import { checkEverything } from './check.js'
import type { DemoOptions } from './options.js'
import { OfflinePhone } from './phone.js'
import { play } from './play.js'
import { Problems } from './problems.js'
import { Recount } from './recount.js'
import { showList, showPage, showPhone, showStats } from './screens.js'
import { readTrace } from './trace-file.js'

const window = 512
/** The phone goes offline after this share of the script. */
const offlineAfter = 0.4

/** Plays a chat into a store, shows it, and checks it; twice, the second time after reopening. True if all is right. */
export async function runDemo(options: DemoOptions, location: string): Promise<boolean> {
  const recount = new Recount()
  const script = makeScript(options, recount)
  const stored = script.outcomes.filter(({ is }) => is === 'stored').length
  console.log(
    `${stored} messages of ${recount.users.length} users in ${recount.conversations.size} conversations`,
  )
  const problems = new Problems()
  const users = byActivity(recount)

  const first = await openMessageStore({ location })
  try {
    await playAndShow(first, { script, recount, problems, users, resuming: options.trace !== null })
    await check(first, recount, problems)
  } finally {
    await first.close()
  }
  console.log('\nOnce more, after closing and reopening:')
  const second = await openMessageStore({ location })
  try {
    await check(second, recount, problems)
    showStats(await second.admin.stats())
  } finally {
    await second.close()
  }
  if (problems.count === 0) console.log('\nEverything is as the recount says.')
  else console.error(`\n${problems.count} DIFFERENCES\n${problems.report()}`)
  return problems.count === 0
}

function makeScript({ seed, messages, trace }: DemoOptions, recount: Recount): Script {
  if (trace !== null) {
    console.log(`Trace ${trace}`)
    return readTrace(trace, recount)
  }
  console.log(`A generated chat; the same again with --seed ${seed} --messages ${messages}`)
  return new ChatWriter({ seed, messages }, recount).write()
}

interface Show {
  readonly script: Script
  readonly recount: Recount
  readonly problems: Problems
  /** Most active first. */
  readonly users: readonly string[]
  readonly resuming: boolean
}

async function playAndShow(
  store: MessageStore,
  { script, recount, problems, users, resuming }: Show,
): Promise<void> {
  const owner =
    users.find((user) => recount.rowsOf(user).every(({ stays, left }) => stays === 1 && !left)) ?? ''
  const phone = new OfflinePhone(store, owner)
  let loaded = phone.loaded
  const played = await play({
    store,
    script,
    decisive: recount.decisive(),
    problems,
    window,
    resuming,
    pause: {
      before: Math.floor(script.actions.length * offlineAfter),
      run: async () => {
        await phone.load()
        loaded = phone.loaded
      },
    },
  })
  const { sends, seconds } = played
  console.log(
    `${sends} sends, ${Math.round(sends / seconds)} a second beside everything else: ${played.stored} stored, ` +
      `${played.duplicates} duplicates, ${played.refused} refused; ${played.marks} marks`,
  )
  await phone.catchUp(problems)
  phone.check(recount, problems)

  const shown = new Set([users[0], users[Math.floor(users.length / 4)], users[Math.floor(users.length / 2)]])
  for (const user of shown) {
    if (user === undefined) continue
    const top = await showList(store, user)
    if (top !== undefined && user === users[0]) await showPage(store, user, top)
  }
  showPhone(phone, loaded)
  showStats(await store.admin.stats())
  console.log()
}

async function check(store: MessageStore, recount: Recount, problems: Problems): Promise<void> {
  const { users, equalUsers, conversations, messages } = await checkEverything(store, recount, problems)
  console.log(
    `${equalUsers} of ${users} users equal: ${conversations} rows of lists, unread counts, ${messages} messages of histories`,
  )
}

function byActivity(recount: Recount): string[] {
  const counts = new Map<string, number>()
  for (const { messages } of recount.conversations.values()) {
    for (const { sender } of messages) counts.set(sender, (counts.get(sender) ?? 0) + 1)
  }
  return [...recount.users].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0))
}
