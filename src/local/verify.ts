import type { VerifyFinding, VerifyOptions, VerifyReport } from '../backend/port.js'
import { readBlock } from '../formats/block.js'
import { idHash } from '../formats/id-hash.js'
import { describeKey, readIdKey, readListKey } from '../formats/keys.js'
import { readBodyId } from '../formats/message-body.js'
import type { MembershipRow } from '../formats/record-parts.js'
import { rows, type RunRow } from '../formats/rows.js'
import type { BodyFiles } from './bodies/body-files.js'
import type { Ring } from './ring/ring.js'
import type { ShardSet } from './shards/shard-set.js'

export interface VerifyParts {
  readonly shards: ShardSet
  readonly bodies: BodyFiles
  readonly ring: Ring
  readonly hashSeed: number
  /** Brings everything into the shards first. */
  readonly checkpoint: () => Promise<void>
}

/** Reads every row and every block of a store and holds them against each other. Changes nothing. */
export async function verifyStore(parts: VerifyParts, options: VerifyOptions): Promise<VerifyReport> {
  await parts.checkpoint()
  const verification = new Verification(parts, options)
  for (const shard of parts.shards.shards) await verification.shard(shard.index)
  return verification.report()
}

class Verification {
  readonly #parts: VerifyParts
  readonly #options: VerifyOptions
  readonly #findings: VerifyFinding[] = []
  readonly #checked: Record<string, number> = {}

  constructor(parts: VerifyParts, options: VerifyOptions) {
    this.#parts = parts
    this.#options = options
  }

  report(): VerifyReport {
    return { ok: this.#findings.length === 0, checked: this.#checked, findings: this.#findings }
  }

  async shard(index: number): Promise<void> {
    const all = { gte: Buffer.of(1), lt: Buffer.of(3) }
    let items = 0
    for await (const [key, value] of this.#parts.shards.shard(index).scan(all, (damaged, error) => {
      this.#find('damaged value', describe(damaged), String(error))
    })) {
      await this.#row(index, key, value)
      if (++items % 10_000 === 0) this.#options.onProgress?.({ part: `shard ${index}`, items, total: null })
    }
    this.#options.onProgress?.({ part: `shard ${index}`, items, total: items })
  }

  async #row(shard: number, key: Buffer, value: Buffer): Promise<void> {
    const described = describeKey(key)
    if (described === null) {
      this.#find('unknown row', `shard ${shard}`, 'restore a backup')
      return
    }
    const { row, rowLength, family } = described
    this.#checked[family] = (this.#checked[family] ?? 0) + 1
    if (this.#parts.ring.shardOf(row) !== shard) {
      this.#find('row in the wrong shard', `shard ${shard}, ${family}`, 'restore a backup')
    }
    try {
      if (family === 'runs') await this.#run(described, rows.run.decode(value))
      else if (family === 'list') readListKey(key, rowLength)
      else if (family === 'member') this.#member(readIdKey(key, rowLength), rows.membership.decode(value))
    } catch (error) {
      this.#find('row that cannot be read', describe(key), String(error))
    }
  }

  async #run({ kind, row }: { kind: 'user' | 'group'; row: string }, run: RunRow): Promise<void> {
    const bytes = await this.#parts.bodies.read(run.file, run.offset, run.length)
    const { head, entries } = readBlock(bytes)
    const fits =
      head.firstSeq === run.firstSeq &&
      entries.length === run.count &&
      entries[0]?.position === run.firstPosition &&
      entries.at(-1)?.position === run.lastPosition
    if (!fits) this.#find('run that does not fit its block', `${kind} partition`, 'restore a backup')
    if (kind === 'group') {
      entries.forEach(({ author, start }, i) => {
        const sender = head.senders[author] ?? ''
        if (idHash(this.#parts.hashSeed, sender, readBodyId(bytes, start)) !== run.hashes[i]) {
          this.#find('hash of an id that does not fit', row, 'restore a backup')
        }
      })
    }
    this.#checked['messages'] = (this.#checked['messages'] ?? 0) + entries.length
  }

  #member(user: string, membership: MembershipRow): void {
    if (membership.user !== user)
      this.#find('membership of somebody else', 'group partition', 'restore a backup')
  }

  #find(what: string, where: string, advice: string): void {
    this.#findings.push({ what, where, advice })
  }
}

function describe(key: Buffer): string {
  const described = describeKey(key)
  return described === null ? 'an unknown row' : `${described.kind} partition, ${described.family}`
}
