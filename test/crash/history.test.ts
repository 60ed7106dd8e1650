import { expect, test } from 'vitest'
import type { SendReceipt } from '../../src/model/message.js'
import { History } from './history/history.js'
import type { JournalLine } from './journal.js'
import type { Operation } from './operation.js'

const group = 'a group'

/** The journal of calls that were made one after the other, each answered before the next; sends get the next number. */
function journalOf(operations: readonly Operation[]): JournalLine[] {
  let seq = 0
  return operations.flatMap((operation, n): JournalLine[] => {
    if (operation.kind !== 'send')
      return [
        { line: 'call', n, operation },
        { line: 'done', n, receipt: null },
      ]
    const { conversation, id } = operation
    const receipt = {
      conversationId: conversation,
      messageId: id,
      seq: ++seq,
      timestamp: n,
      duplicate: false,
    } as SendReceipt
    return [
      { line: 'call', n, operation },
      { line: 'done', n, receipt },
    ]
  })
}

const create: Operation = {
  kind: 'create',
  conversation: group,
  creator: 'ada',
  members: ['ada', 'bob'],
  title: '',
}
const send = (id: string): Operation => ({
  kind: 'send',
  sender: 'ada',
  receiver: null,
  conversation: group,
  id,
  text: id,
  attributes: null,
})
const member = (joins: boolean): Operation => ({
  kind: 'member',
  conversation: group,
  actor: 'ada',
  user: 'bob',
  joins,
})
const read = (seq: number): Operation => ({ kind: 'mark', user: 'bob', conversation: group, by: 'read', seq })

/** What the history says of bob's read mark after these calls. */
function marked(operations: readonly Operation[]) {
  const history = new History()
  history.read(journalOf(operations))
  return history.marksOf('bob', group).read
}

test('a mark counts up to the message that it names', () => {
  expect(marked([create, send('1'), send('2'), read(2)])).toEqual({ acknowledged: 2, attempted: 2 })
})

test('who was out of a group has marked nothing', () => {
  const calls = [create, send('1'), member(false), read(1)]
  expect(marked(calls)).toEqual({ acknowledged: 0, attempted: 1 })
})

test('who came back has marked no more than what was written while in the group', () => {
  const back = [create, send('1'), member(false), send('2'), send('3'), member(true)]
  expect(marked([...back, read(3)])).toEqual({ acknowledged: 1, attempted: 3 })
  expect(marked([...back, send('4'), read(4)])).toEqual({ acknowledged: 4, attempted: 4 })
})
