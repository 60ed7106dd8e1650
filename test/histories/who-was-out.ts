/** Who is certainly not in a group, from what was acknowledged, and what was sent meanwhile: that they must never see. */
export class WhoWasOut {
  /** Of each user in each group, counted on with each call that may make a member of them. */
  readonly #comings = new Map<string, number>()
  readonly #out = new Set<string>()
  readonly #hidden = new Set<string>()

  /** From now on `user` may be a member. */
  mayCome(group: string, user: string): void {
    const key = `${group} ${user}`
    this.#comings.set(key, (this.#comings.get(key) ?? 0) + 1)
    this.#out.delete(key)
  }

  /** A call begins that takes the user out; what is given back says that it was acknowledged. */
  leaving(group: string, user: string): () => void {
    const key = `${group} ${user}`
    const comings = this.#comings.get(key)
    return () => {
      if (this.#comings.get(key) === comings) this.#out.add(key)
    }
  }

  left(group: string, user: string): void {
    this.leaving(group, user)()
  }

  /** A message is sent: whoever is out from before the call until behind its acknowledgement must not see it. */
  async during(
    group: string,
    text: string,
    users: readonly string[],
    send: () => Promise<unknown>,
  ): Promise<void> {
    const out = users.map((user) => `${group} ${user}`).filter((key) => this.#out.has(key))
    const comings = out.map((key) => this.#comings.get(key))
    await send()
    for (const [i, key] of out.entries())
      if (this.#comings.get(key) === comings[i]) this.#hidden.add(`${key} ${text}`)
  }

  isHidden(group: string, user: string, text: string): boolean {
    return this.#hidden.has(`${group} ${user} ${text}`)
  }
}
