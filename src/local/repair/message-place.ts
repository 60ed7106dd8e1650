/** Where a message stands: its number in its conversation, and its position among all records. */
export interface MessagePlace {
  readonly seq: number
  readonly position: number
}

/** Whether there is a place for each message in between. */
export function isBehind(place: MessagePlace, before: MessagePlace): boolean {
  const messages = place.seq - before.seq
  return messages > 0 && place.position - before.position >= messages
}
