import { test } from 'vitest'
import { refuseDamagedManifests } from './damaged-manifests.js'

test('flipped bits and other lengths of the manifest are refused by a real opening, which changes nothing', () =>
  refuseDamagedManifests(16))
