/** The first index for which `test` holds, `length` if it holds for none. `test` must hold for all indices after that one. */
export function firstIndexWhere(length: number, test: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (test(middle)) high = middle
    else low = middle + 1
  }
  return low
}
