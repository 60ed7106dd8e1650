import { parseArgs } from 'node:util'
import { storm } from './storm.js'

/**
 * Storms on slow shards, one after the other in this process:
 *
 *     npm run storm -- --seed 1 --seeds 1000
 *
 * A seed draws options and calls; how LevelDB's threads interleave with them differs from run to run, so a finding may need some.
 */
const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, seeds: { type: 'string', default: '1' } },
})
const [first, seeds] = [Number(values.seed), Number(values.seeds)]
const everySeeds = 50

const began = performance.now()
let found = 0
for (let done = 0; done < seeds; done++) {
  const seed = first + done
  const findings = await storm(seed)
  if (findings.length > 0) {
    found++
    console.log(`seed ${seed} found:\n${findings.join('\n')}`)
  }
  if ((done + 1) % everySeeds === 0 || done + 1 === seeds)
    console.log(
      `${done + 1} seeds from ${first} on, ${found} found something, ${((performance.now() - began) / 1000).toFixed(0)} s`,
    )
}
process.exitCode = found > 0 ? 1 : 0
