import type { ErrorCode } from '../errors.js'
import { isColumbaError } from '../errors.js'
import { Disagreement, show } from './compare.js'

/**
 * What the model allows a call to answer. Where the contract leaves a choice, both an error and a value may be allowed;
 * the model then follows what the store did.
 */
export interface Expectation<T> {
  /** Codes that the call may reject with. */
  readonly codes: readonly ErrorCode[]
  /** Checks the value and takes its consequences over into the model; without it the call must reject. */
  readonly accept?: (value: T) => void
}

export type Outcome<T> = { readonly value: T } | { readonly code: ErrorCode }

export function refused<T>(...codes: readonly ErrorCode[]): Expectation<T> {
  return { codes }
}

export function accepted<T>(accept: (value: T) => void): Expectation<T> {
  return { codes: [], accept }
}

/** Waits for a call. An error that is not one of the library is always a finding and is thrown on. */
export async function outcomeOf<T>(call: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await call }
  } catch (error) {
    if (isColumbaError(error)) return { code: error.code }
    throw error
  }
}

export function reconcile<T>(what: string, expectation: Expectation<T>, outcome: Outcome<T>): void {
  if ('code' in outcome) {
    if (expectation.codes.includes(outcome.code)) return
    const allowed = [...expectation.codes, ...(expectation.accept === undefined ? [] : ['a value'])]
    throw new Disagreement(`${what} rejected with ${outcome.code}; the model expects ${allowed.join(' or ')}`)
  }
  if (expectation.accept === undefined) {
    throw new Disagreement(
      `${what} answered ${show(outcome.value)}; the model expects ${expectation.codes.join(' or ')}`,
    )
  }
  expectation.accept(outcome.value)
}

/** Makes a call and holds its outcome against what the model expects of it now. */
export async function expectCall<T>(
  what: string,
  expectation: Expectation<T>,
  call: () => Promise<T>,
): Promise<void> {
  reconcile(what, expectation, await outcomeOf(call()))
}
