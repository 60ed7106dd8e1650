import { expect, test } from 'vitest'
import { NodesAside } from '../../../src/local/memory/nodes-aside.js'

test('the one used longest ago goes, but not one that somebody waits for', () => {
  const nodes = Array.from({ length: 5 }, () => ({ aside: false, waits: 0 }))
  const [a, b, c, d, e] = nodes as [Node, Node, Node, Node, Node]
  const aside = new NodesAside<Node>()
  for (const node of [a, b, c]) aside.put(node)
  expect(aside.oldest(3)).toBeNull()
  expect(aside.oldest(2)).toBe(a)

  a.waits = 1
  expect(aside.oldest(2)).toBe(b)
  // It has gone behind the others, so it is not looked at again at once.
  expect([...aside.all]).toEqual([b, c, a])

  // Where more are waited for than may stand there, they all stay, and no more than two are looked at.
  b.waits = c.waits = 1
  for (const node of [d, e]) aside.put(node)
  expect(aside.oldest(2)).toBeNull()
  expect([...aside.all]).toEqual([a, d, e, b, c])

  // Afterwards there are as many as before.
  for (const node of nodes) node.waits = 0
  for (let old; (old = aside.oldest(2)) !== null;) aside.take(old)
  expect([...aside.all]).toEqual([b, c])
  expect(nodes.map((node) => node.aside)).toEqual([false, true, true, false, false])
})

interface Node {
  aside: boolean
  waits: number
}
