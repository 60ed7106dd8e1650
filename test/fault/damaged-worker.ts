import { damagedAnswer } from './damaged-answer.js'

// A process that says what users get from the stores it is told of, for damage over which LevelDB may end the process.
process.on('message', ({ location, expected }: { location: string; expected: unknown }) => {
  void damagedAnswer(location, expected).then((answer) => process.send?.(answer))
})
