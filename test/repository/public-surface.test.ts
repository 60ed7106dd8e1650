import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './modules.js'
import { publicSurface } from './public-surface.js'

// A change of what users can import or see is reviewed like code: `npm run surface` writes the file anew.
test('the public surface is the reviewed one', async () => {
  const reviewed = join(root, 'test/repository/public-surface.txt')
  await expect(publicSurface(['dist/index.d.ts', 'dist/testing.d.ts'])).toMatchFileSnapshot(reviewed)
})

test('a surface holds what is given, then what is seen', () => {
  const files: Readonly<Record<string, string>> = {
    'dist/index.d.ts': "export { open } from './open.js';\nexport type { Page as Sheet } from './page.js';\n",
    'dist/open.d.ts': `import type { Page } from './page.js';
import type { Level } from 'some-package';
/** Opens. */
export declare function open(path: string): Store;
export declare function open(level: Level): Store;
export declare class Store {
    #private;
    /** Lists. */
    list(): Page;
}
export declare const hidden = 1;
`,
    'dist/page.d.ts': 'export interface Page {\n    // in bytes\n    size: number;\n}\n',
  }
  expect(publicSurface(['dist/index.d.ts'], (path) => files[path] ?? '')).toBe(`# dist/index.d.ts

export interface Page {
    size: number;
}

export declare function open(path: string): Store;
export declare function open(level: Level): Store;

# seen through dist/index.d.ts

export declare class Store {
    #private;
    list(): Page;
}
`)
})
