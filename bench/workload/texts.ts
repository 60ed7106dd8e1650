import { below, seededRandom, zipf } from './random.js'

/**
 * Texts of chat messages: about 100 bytes on average, from two words to a few hundred bytes, words drawn with the skew
 * of natural language so that they compress about as well as real ones, some with names, numbers, links and emoji.
 * A pool is made before the clock starts; it is larger than any block that a store compresses at once, so that the
 * repetition gives nobody a better ratio.
 */
const POOL_SIZE = 1 << 15
const MEAN_WORDS = 22
const LONGEST_WORDS = 90

const COMMON_WORDS = (
  'the to and a of i you in it is that for on my me we be have so with this but at was not are just do what can if ' +
  'like get out up all your when know about one go good see time now think they will then going how got no there ' +
  'from as him her our or would more really want some day here need work back today too much been make she he them ' +
  'by right look people let well did say come still tomorrow home night tell first after where has only love over ' +
  'off why take had who these great thing give again way send check meeting call later please thanks morning phone ' +
  'dinner train late maybe sure nice weekend friday photo wait minute haha okay sorry almost office already ticket'
).split(' ')
const NAMES = [
  'Anna',
  'Bruno',
  'Chidi',
  'Dana',
  'Elif',
  'Farid',
  'Grace',
  'Hiroshi',
  'Ines',
  'Jonas',
  'Kamala',
  'Lúcia',
]
const ENDINGS = ['', '', '', '', '.', '.', '!', '?', '…', ' 😂', ' 👍', ' ❤️']

export function textPool(seed: number): readonly string[] {
  const random = seededRandom(seed)
  const word = zipf(random, COMMON_WORDS.length, 0.8)
  const part = (): string => {
    const draw = random()
    if (draw < 0.02) return NAMES[below(random, NAMES.length)]!
    if (draw < 0.04) return String(below(random, 10_000))
    if (draw < 0.043) return `https://example.org/p/${below(random, 1e9).toString(36)}`
    return COMMON_WORDS[word()]!
  }
  const text = (): string => {
    const count = Math.min(LONGEST_WORDS, 2 + Math.floor(-Math.log(1 - random()) * MEAN_WORDS))
    const joined = Array.from({ length: count }, part).join(' ') + ENDINGS[below(random, ENDINGS.length)]!
    return Buffer.from(joined, 'utf8').toString('utf8') // flat: a rope would be flattened inside the measured time
  }
  return Array.from({ length: POOL_SIZE }, text)
}
