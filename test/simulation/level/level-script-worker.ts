import { readdir } from 'node:fs/promises'
import { openClassicLevel } from '../../../src/local/shards/classic-level-opener.js'
import { type LevelScript, playScript } from './level-script.js'

// A process that plays a script on a real LevelDB and says as its last word what was told.
const [directory = '', script = ''] = process.argv.slice(2)
const place = { open: openClassicLevel, directory, names: () => readdir(directory) }
console.log(JSON.stringify(await playScript(place, JSON.parse(script) as LevelScript)))
