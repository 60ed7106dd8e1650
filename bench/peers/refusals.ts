/** The two ways in which a peer refuses; each leaves nothing behind. */
export class NotAMember extends Error {}
export class IdempotencyConflict extends Error {}
