/** Milliseconds and fractions of them since some moment; unlike a wall clock it never jumps. For measuring only. */
export function monotonicMs(): number {
  return performance.now()
}
