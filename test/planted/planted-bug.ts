/** A bug that is put into a copy of the project, to see whether a test finds it. */
export interface PlantedBug {
  /** Two digits; with the name it is the name of the patch. */
  readonly number: string
  readonly name: string
  /** What goes wrong, as a person would say it. */
  readonly what: string
  /** The test files that must find it, whatever chance may say, below `test/` and without `.test.ts`. */
  readonly tests: readonly string[]
}

export function patchName({ number, name }: PlantedBug): string {
  return `${number}-${name}.patch`
}
