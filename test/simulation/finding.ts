/** What must not be: the simulation ends with it, and its seed. */
export class Finding extends Error {}

export function claim(condition: boolean, what: string, ...facts: unknown[]): asserts condition {
  if (!condition) throw new Finding([what, ...facts.map((fact) => JSON.stringify(fact))].join(' '))
}

export function claimEqual(actual: unknown, expected: unknown, what: string): void {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (is !== should) throw new Finding(`${what}: ${is} instead of ${should}`)
}
