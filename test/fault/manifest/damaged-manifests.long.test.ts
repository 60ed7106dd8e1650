import { test } from 'vitest'
import { refuseDamagedManifests } from './damaged-manifests.js'

test('every flipped bit and every other length of the manifest is refused by a real opening', () =>
  refuseDamagedManifests(1))
