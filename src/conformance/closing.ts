/**
 * Runs `check`, and then every step of `close`, whether or not those before have failed. What the check found counts more than a
 * failure to close, which would hide it.
 */
export async function closing(
  check: () => Promise<void>,
  close: () => Iterable<() => Promise<unknown> | undefined>,
): Promise<void> {
  const failures: unknown[] = []
  const attempt = async (step: () => Promise<unknown> | undefined) => {
    try {
      await step()
    } catch (error) {
      failures.push(error)
    }
  }
  await attempt(check)
  for (const step of close()) await attempt(step)
  if (failures.length > 0) throw failures[0]
}
