import type { Change } from '../model/change.js'

/** What a change is about: a later one about the same thing overtakes it. */
export function thingOf(change: Change): string {
  switch (change.kind) {
    case 'message':
      return JSON.stringify([change.kind, change.message.conversationId, change.message.seq])
    case 'conversation':
      return JSON.stringify([change.kind, change.conversation.id])
    case 'contact':
      return JSON.stringify([change.kind, change.contact.contactId])
    case 'profile':
      return change.kind
    case 'read':
    case 'delivered':
    case 'member':
      return JSON.stringify([change.kind, change.conversationId, change.userId])
  }
}
