/** The first index below `length` from which on `test` holds, `length` if it holds for none; it may not change back behind that. */
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
