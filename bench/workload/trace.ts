import { readFileSync } from 'node:fs'
import type { DirectSend } from './send.js'
import { textPool } from './texts.js'

/**
 * A recorded trace: a header, then one `sender receiver unixSeconds` line per message. Traces carry no text, so it
 * comes from the pool; the line number is the message id.
 */
export function readTrace(path: string, seed: number): DirectSend[] {
  const texts = textPool(seed)
  const sends: DirectSend[] = []
  const lines = readFileSync(path, 'utf8').split('\n')
  for (const [number, line] of lines.entries()) {
    const [sender, receiver, seconds] = line.trim().split(/\s+/)
    if (sender === undefined || receiver === undefined || !/^\d+$/.test(seconds ?? '')) continue
    sends.push({
      sender,
      receiver,
      text: texts[(number * 2_654_435_761) % texts.length]!,
      id: String(number + 1),
      timestamp: Number(seconds) * 1000,
    })
  }
  return sends
}
