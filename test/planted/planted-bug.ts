/** A bug that is put into a copy of the project, to see whether a test finds it. */
export interface PlantedBug {
  /** Two digits; with the name it is the name of the patch. */
  readonly number: string
  readonly name: string
  /** What goes wrong, as a person would say it. */
  readonly what: string
  /** The test files that are tried before the whole fast suite, below `test/` and without `.test.ts`. */
  readonly tests: readonly string[]
  /** Test files that have to find it each by itself, whatever else does: rigs of which nothing else shows that they find anything. */
  readonly also?: readonly string[]
}

export function patchName({ number, name }: PlantedBug): string {
  return `${number}-${name}.patch`
}
