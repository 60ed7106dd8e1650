import { below, type Random, seededRandom } from './random.js'
import { messageId, type SendSource, EPOCH_MS, userId } from './send.js'
import { textPool } from './texts.js'

function pairSource(seed: number, random: Random, pair: () => readonly [number, number]): SendSource {
  const texts = textPool(seed)
  let index = 0
  return () => {
    const [sender, receiver] = pair()
    const at = index++
    return {
      sender: userId(sender),
      receiver: userId(receiver),
      text: texts[below(random, texts.length)]!,
      id: messageId(at),
      timestamp: EPOCH_MS + at,
    }
  }
}

/** The hardest case for every cache: each message between two people drawn anew from all. */
export function randomPairSource(seed: number, users: number): SendSource {
  const random = seededRandom(seed)
  return pairSource(seed, random, () => {
    const sender = below(random, users)
    const receiver = below(random, users - 1)
    return [sender, receiver >= sender ? receiver + 1 : receiver]
  })
}
