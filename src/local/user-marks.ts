import { andThen } from '../async/maybe-promise.js'
import type { MaybePromise } from '../backend/port.js'
import type { Marks, Reached } from '../model/conversation.js'
import type { Position, UserId } from '../model/ids.js'
import type { ConversationEntry } from './memory/entries.js'
import { endHold } from './memory/holds.js'
import type { Memory } from './memory/memory.js'
import type { Loader } from './reads/loader.js'
import type { Applier } from './writes/applier.js'
import type { Writer } from './writes/writer.js'

export interface UserMarkParts {
  readonly memory: Memory
  readonly loader: Loader
  readonly writer: Writer
  readonly applier: Applier
}

/** What users have marked in conversations. */
export class UserMarks {
  readonly #parts: UserMarkParts

  constructor(parts: UserMarkParts) {
    this.#parts = parts
  }

  of(user: UserId, entry: ConversationEntry): MaybePromise<Marks> {
    const { memory, loader } = this.#parts
    return memory.nodeOf(user, entry)?.marks ?? loader.marks(user, entry)
  }

  raise(user: UserId, handle: ConversationEntry, to: Reached, by: 'read' | 'delivered'): Promise<void> {
    const { memory, writer } = this.#parts
    // Marks need no lane, so the handle may have been let go of meanwhile: what is written to must be the one in memory.
    const entry = handle.inMemory ? handle : memory.conversation(handle.id)
    const before = entry.loaded ? memory.nodeOf(user, entry)?.marks : undefined
    if (before !== null && before !== undefined && entry.pair !== null)
      return writer.mark(entry, entry.pair[0] === user ? 0 : 1, before, to, by)
    return this.#raiseLater(user, entry, to, by)
  }

  #raiseLater(user: UserId, entry: ConversationEntry, to: Reached, by: 'read' | 'delivered'): Promise<void> {
    const { memory, loader, writer } = this.#parts
    entry.holds++
    const done = (): void => {
      endHold(memory, entry)
    }
    const failed = (error: unknown): never => {
      done()
      throw error
    }
    try {
      const marked: MaybePromise<unknown> = andThen(loader.load(entry, user), () =>
        andThen(this.of(user, entry), (before) =>
          entry.pair === null
            ? this.#raiseInGroup(user, entry, before, to, by)
            : writer.mark(entry, entry.pair[0] === user ? 0 : 1, before, to, by),
        ),
      )
      return Promise.resolve(marked).then(done, failed)
    } catch (error) {
      done()
      return Promise.reject(error)
    }
  }

  async #raiseInGroup(
    user: UserId,
    entry: ConversationEntry,
    before: Marks,
    to: Reached,
    by: 'read' | 'delivered',
  ): Promise<void> {
    const { writer, applier, memory } = this.#parts
    const conversation = entry.id
    const event = writer.commit(null, (at, time) => {
      const position = at as Position
      const marks: Marks = {
        delivered: to.delivered,
        read: to.read,
        ownAtRead: to.ownAtRead,
        readAt: by === 'read' ? position : before.readAt,
        deliveredAt: by === 'delivered' ? position : before.deliveredAt,
      }
      return {
        record: { kind: 'groupMarks', time, user, conversation, marks },
        apply: () => {
          const ref = { position, kind: by, conversationId: conversation, userId: user } as const
          applier.touchUser(user).makeOwn().putMarks(conversation, marks)
          applier.touch(entry).group?.refs.push(ref)
          applier.newsOfGroup(conversation)
          const node = memory.nodeOf(user, entry)
          if (node !== null) {
            node.marks = marks
            node.view = null
          }
          const known = memory.peekUser(user)
          if (known !== undefined) applier.marked(known, entry, marks)
        },
      }
    })
    await event.promise
  }
}
