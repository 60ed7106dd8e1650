/** A conversation as one of its participants names it: by the other user, or by the id of the group. */
export type Place = { readonly peer: string } | { readonly group: string }

/** What somebody does. The line of all actions is the script of a demo; an action is named by its index in it. */
export type Action =
  | {
      readonly kind: 'send'
      readonly sender: string
      readonly to: Place
      readonly text: string
      /** Without it the message's id is derived from `sentAt` and `deviceId`. */
      readonly id?: string
      readonly deviceId?: string
      readonly sentAt: number
    }
  | { readonly kind: 'read' | 'delivered'; readonly user: string; readonly at: Place; readonly seq: number }
  | { readonly kind: 'block' | 'unblock'; readonly user: string; readonly other: string }
  | {
      readonly kind: 'create'
      readonly creator: string
      readonly members: readonly string[]
      readonly group: string
      readonly title: string
    }
  | {
      readonly kind: 'add'
      readonly actor: string
      readonly group: string
      readonly users: readonly string[]
    }
  | { readonly kind: 'remove'; readonly actor: string; readonly group: string; readonly user: string }
  | { readonly kind: 'rename'; readonly actor: string; readonly group: string; readonly title: string }

export type SendAction = Extract<Action, { kind: 'send' }>

/** What must come of an action. `seq` is the message's number, for a repeat that of the first one. */
export type Outcome =
  | { readonly is: 'stored' | 'duplicate'; readonly seq: number }
  | { readonly is: 'done' }
  | { readonly is: 'refused'; readonly code: string }

export interface Script {
  readonly actions: readonly Action[]
  /** One for each action. */
  readonly outcomes: readonly Outcome[]
}
