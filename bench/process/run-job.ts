import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Job, JobAnswer } from './job.js'

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url))

/** Runs the job in a new process and waits for its answer; rejects with what went wrong there. */
export async function runJob(job: Job): Promise<Exclude<JobAnswer, { error: string }>> {
  const answer = await new Promise<JobAnswer>((resolve) => {
    const child = fork(CHILD, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    let last: JobAnswer = { error: 'the process ended without an answer' }
    child.on('message', (message) => (last = message as JobAnswer))
    child.once('exit', () => resolve(last))
    child.send(job)
  })
  if ('error' in answer)
    throw new Error(`${job.contestant}, ${job.task} ${job.benchmark ?? ''}: ${answer.error}`)
  return answer
}
