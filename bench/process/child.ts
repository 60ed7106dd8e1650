import { checkContestant } from '../check/check-contestant.js'
import type { LiveContestant } from '../peers/contestant.js'
import { loadContestant } from '../peers/contestants.js'
import type { Measured } from '../suite/benchmark.js'
import { benchmarkById } from '../suite/suite.js'
import type { Job, JobAnswer } from './job.js'

/** Every run has a process of its own: nobody inherits another's memory, compiled code or open files. */
async function run(job: Job): Promise<Measured> {
  const module = await loadContestant(job.contestant)
  const benchmark = benchmarkById(job.benchmark!)
  const point = benchmark.points(job.size).find(({ key }) => key === job.point)!
  const open = () => module.open({ directory: job.directory })
  return benchmark.measure({
    point,
    size: job.size,
    contestant: job.contestant,
    directory: job.directory,
    sendsPerSecond: job.sendsPerSecond ?? Number.NaN,
    tracePath: job.tracePath,
    open,
    openLive: async () => (await open()) as LiveContestant,
  })
}

async function fill(job: Job): Promise<Measured> {
  const module = await loadContestant(job.contestant)
  const datasets = benchmarkById(job.benchmark!).datasets!(job.size)
  const contestant = await module.open({ directory: job.directory })
  await datasets.find(({ name }) => name === job.dataset)!.fill(contestant)
  await contestant.checkpoint()
  await contestant.close()
  return {}
}

async function answer(job: Job): Promise<JobAnswer> {
  const module = await loadContestant(job.contestant)
  if (job.task === 'version') {
    return { version: await module.version(), unavailable: module.unavailable?.() ?? null }
  }
  if (job.task === 'check') {
    await checkContestant(() => module.open({ directory: job.directory }))
    return { measured: {} }
  }
  return { measured: await (job.task === 'fill' ? fill(job) : run(job)) }
}

process.once('message', (job) => {
  answer(job as Job)
    .catch((error: unknown): JobAnswer => ({
      error: error instanceof Error ? (error.stack ?? '') : String(error),
    }))
    .then(
      (message) => process.send!(message, () => process.exit()),
      () => process.exit(1),
    )
})
