import { readFileSync } from 'node:fs'
import type { Action, Outcome, Script } from './actions.js'
import { SeededRandom } from './random.js'
import type { Recount } from './recount.js'
import { messageText } from './texts.js'

/** Some of the receivers read, and do so a while after. */
const reading = { chance: 0.5, from: 600, to: 3000 } as const

/**
 * Turns lines of `sender receiver unixSeconds` into a script: the number of the line is the message's id. The texts,
 * and who reads when, are made up, in the same way at each run.
 */
export function readTrace(path: string, recount: Recount): Script {
  const lines = readFileSync(path, 'utf8').split('\n')
  const later = new Map<number, Action[]>()
  const actions: Action[] = []
  const outcomes: Outcome[] = []
  const enter = (action: Action): Outcome => {
    const outcome = recount.apply(action, actions.length)
    actions.push(action)
    outcomes.push(outcome)
    return outcome
  }
  for (const [index, line] of lines.entries()) {
    const [sender, receiver, seconds, ...rest] = line.trim().split(/\s+/)
    const isHeader = index === 0 && !Number.isFinite(Number(seconds))
    if (isHeader || sender === undefined || sender === '') continue
    const time = Number(seconds)
    if (receiver === undefined || !Number.isSafeInteger(time) || time < 0 || rest.length > 0) {
      throw new Error(`${path}, line ${index + 1}: not "sender receiver unixSeconds"`)
    }
    const number = index + 1
    const random = new SeededRandom(number)
    const text = messageText(random)
    const outcome = enter({
      kind: 'send',
      sender,
      to: { peer: receiver },
      text,
      id: String(number),
      sentAt: time * 1000,
    })
    if (outcome.is === 'stored' && random.chance(reading.chance)) {
      const due = number + random.between(reading.from, reading.to)
      const mark: Action = { kind: 'read', user: receiver, at: { peer: sender }, seq: outcome.seq }
      later.set(due, [...(later.get(due) ?? []), mark])
    }
    for (const mark of later.get(number) ?? []) enter(mark)
    later.delete(number)
  }
  for (const [, marks] of [...later].sort(([a], [b]) => a - b)) for (const mark of marks) enter(mark)
  return { actions, outcomes }
}
