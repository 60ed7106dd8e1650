/** `next` goes back in as `cursor`, with the same other options; null at the end. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | null
}
