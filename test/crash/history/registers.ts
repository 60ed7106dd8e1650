import type { Operation } from '../operation.js'

type RegisterOperation = Extract<Operation, { kind: 'title' | 'block' | 'contact' | 'profile' }>

interface Register {
  value: unknown
  /** What a call under way, or one of unknown outcome, may have set. */
  readonly maybe: unknown[]
}

/** Values that are set as a whole, by one call at a time: after a crash the value is the last one, or the one under way. */
export class Registers {
  readonly #registers = new Map<string, Register>()

  called(operation: RegisterOperation): void {
    this.#at(nameOf(operation)).maybe.push(valueOf(operation))
  }

  done(operation: RegisterOperation): void {
    this.settle(nameOf(operation), valueOf(operation))
  }

  refused(operation: RegisterOperation): void {
    this.#at(nameOf(operation)).maybe.pop()
  }

  settle(name: string, value: unknown): void {
    const register = this.#at(name)
    register.value = value
    register.maybe.length = 0
  }

  /** False if the value is none that it may have; otherwise it is known from now on. */
  observe(name: string, value: unknown): boolean {
    const { value: known, maybe } = this.#at(name)
    const fits = value === known || maybe.includes(value)
    this.settle(name, value)
    return fits
  }

  #at(name: string): Register {
    let register = this.#registers.get(name)
    if (register === undefined) this.#registers.set(name, (register = { value: undefined, maybe: [] }))
    return register
  }
}

function nameOf(operation: RegisterOperation): string {
  switch (operation.kind) {
    case 'title':
      return `title ${operation.conversation}`
    case 'block':
    case 'contact':
      return JSON.stringify([operation.kind, operation.user, operation.other])
    case 'profile':
      return `profile ${operation.user}`
  }
}

function valueOf(operation: RegisterOperation): unknown {
  switch (operation.kind) {
    case 'title':
      return operation.title
    case 'block':
      return operation.blocked
    case 'contact':
      return operation.alias ?? undefined
    case 'profile':
      return operation.name
  }
}
