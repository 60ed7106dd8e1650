import { mkdirSync } from 'node:fs'
import { openMessageStore } from '../../src/index.js'

// Two stores in directories of one name; between opening one and closing it the working directory changes to that of the other.
const [directory = ''] = process.argv.slice(2)
for (const place of ['first', 'second']) {
  mkdirSync(`${directory}/${place}`)
  process.chdir(`${directory}/${place}`)
  const store = await openMessageStore({ location: './data' })
  await store.sendMessage({ sender: 'ann', receiver: 'ben', text: place })
  process.chdir(`${directory}/first`)
  await store.close()
}
for (const place of ['first', 'second']) {
  process.chdir(`${directory}/${place}`)
  const store = await openMessageStore({ location: './data' })
  const { items } = await store.getMessages('ben', { peer: 'ann' })
  console.log(items.map(({ text }) => text).join(' '))
  await store.close()
}
