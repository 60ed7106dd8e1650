import { once } from 'node:events'
import { damagedAnswer } from './damaged-answer.js'

interface Question {
  readonly location: string
  readonly expected: unknown
  /** Say `open` once the store is, and read when somebody says `read`. */
  readonly waits?: boolean
}

async function untilTold(): Promise<void> {
  process.send?.('open')
  await once(process, 'message')
}

// A process that says what users get from the stores it is told of, for damage over which LevelDB may end the process.
process.on('message', (said: Question | 'read') => {
  if (said === 'read') return
  const { location, expected, waits = false } = said
  void damagedAnswer(location, expected, waits ? untilTold : undefined).then((answer) =>
    process.send?.(answer),
  )
})
