import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import { openMessageStore } from '../../src/index.js'
import { notFlat, riseOfSecondHalf, series } from './flatness.js'
import { plot } from './plot.js'
import { takeSample, type Sample } from './samples.js'

/**
 * A long life of one store: sends with reads between them, far more users than the cache holds, checkpoints all the time.
 * What could grow is measured on the way, plotted, and has to be flat.
 *
 *     npm run soak -- --sends 5000000 [--users 20000] [--in-flight 256] [--minutes 30] [--plot docs/soak.svg]
 *
 * Linux only: it reads /proc.
 */
const { values } = parseArgs({
  options: {
    sends: { type: 'string', default: '5000000' },
    users: { type: 'string', default: '20000' },
    'in-flight': { type: 'string', default: '256' },
    minutes: { type: 'string', default: 'Infinity' },
    plot: { type: 'string', default: 'docs/soak.svg' },
  },
})
const sends = Number(values.sends)
const users = Number(values.users)
const inFlight = Number(values['in-flight'])
const maxSeconds = Number(values.minutes) * 60
const cacheBytes = 16 * 1024 * 1024
const sampleEvery = Math.max(5_000, Math.floor(sends / 100))
const readEvery = 50

const chance = new SeededChance(1)
const location = await mkdtemp(join(tmpdir(), 'columba-soak-'))
const store = await openMessageStore({ location, cache: { maxBytes: cacheBytes } })
const samples: Sample[] = []
const began = performance.now()
const seconds = (): number => (performance.now() - began) / 1000
let sent = 0
let sampling: Promise<void> | null = null

const someone = (): string => `user ${chance.below(users)}`

async function read(): Promise<void> {
  const user = someone()
  const { items } = await store.getConversations(user, { limit: 20 })
  const [newest] = items
  if (newest === undefined) return
  await store.getMessages(user, newest.id, { limit: 50 })
  await store.markRead(user, newest.id)
}

async function sample(): Promise<void> {
  samples.push(await takeSample(store, location, sent, seconds()))
  const { rssAnonBytes, openFiles } = samples.at(-1) as Sample
  const rate = Math.round(sent / seconds())
  console.log(`${sent} sends, ${rate}/s, ${Math.round(rssAnonBytes / 1048576)} MiB, ${openFiles} files`)
}

/** Bursts of eight between two people, as in a chat. */
async function client(): Promise<void> {
  while (sent < sends && seconds() < maxSeconds) {
    const [a, b] = [someone(), someone()]
    for (let i = 0; i < 8 && sent < sends; i += 1) {
      const [sender, receiver] = chance.happens(0.5) ? [a, b] : [b, a]
      sent += 1
      const due = sent % sampleEvery === 0
      await store.sendMessage({
        sender,
        receiver,
        text: `message ${sent} of a long life, ${'x'.repeat(chance.below(120))}`,
      })
      if (sent % readEvery === 0) await read()
      if (due && sampling === null) {
        sampling = sample().finally(() => {
          sampling = null
        })
        await sampling
      }
    }
  }
}

try {
  await Promise.all(Array.from({ length: inFlight }, client))
  await sample()
} finally {
  await store.close()
  await rm(location, { recursive: true, force: true })
}
const day = new Date().toISOString().slice(0, 10)
const title = `${sent.toLocaleString('en')} sends, ${users.toLocaleString('en')} users, ${Math.round(seconds())} s, ${day}`
await writeFile(values.plot, plot(title, samples, series))
for (const { name, of, shown } of series) {
  const last = of(samples.at(-1) as Sample)
  console.log(
    `${name}: ${shown(last)} at the end, ${shown(riseOfSecondHalf(samples, of))} over the second half`,
  )
}
const problems = notFlat(samples)
for (const problem of problems) console.log(`PROBLEM ${problem}`)
process.exitCode = problems.length === 0 ? 0 : 1
