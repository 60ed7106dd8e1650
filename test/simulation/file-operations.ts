import { bytes, type Files, textOf } from './files-at-work.js'

export interface FileOperation {
  readonly what: string
  readonly tell: (files: Files) => Promise<unknown>
  /** What it tells, or the code of its error, on Linux. */
  readonly told: unknown
  /** Not for files that have no directories. */
  readonly inDirectories?: true
}

/** What the three of them have to agree on: everything that the store, or what LevelDB does to files, rests on. */
export const fileOperations: readonly FileOperation[] = [
  { what: 'reading what is not there', tell: (files) => files.open('a', 'read'), told: 'ENOENT' },
  { what: 'writing to what is not there', tell: (files) => files.open('a', 'write'), told: 'ENOENT' },
  {
    what: 'making what is there',
    async tell(files) {
      await files.make('a')
      await files.open('a', 'create')
    },
    told: 'EEXIST',
  },
  {
    what: 'making a file where a directory is',
    async tell(files) {
      await files.directory('a')
      await files.open('a', 'create')
    },
    told: 'EEXIST',
    inDirectories: true,
  },
  {
    what: 'making a file in a directory that is not there',
    tell: (files) => files.open('a/b', 'create'),
    told: 'ENOENT',
    inDirectories: true,
  },
  {
    what: 'making a file in a file',
    async tell(files) {
      await files.make('a')
      await files.open('a/b', 'create')
    },
    told: 'ENOTDIR',
    inDirectories: true,
  },
  {
    what: 'reading a file in a file',
    async tell(files) {
      await files.make('a')
      await files.open('a/b', 'read')
    },
    told: 'ENOTDIR',
    inDirectories: true,
  },
  {
    what: 'looking for a file in a file',
    async tell(files) {
      await files.make('a')
      return files.stat('a/b')
    },
    told: 'ENOTDIR',
    inDirectories: true,
  },
  {
    what: 'reading a directory as a file',
    async tell(files) {
      await files.directory('a')
      await files.within('a', 'read', (handle) => handle.read(Buffer.alloc(1), 0))
    },
    told: 'EISDIR',
    inDirectories: true,
  },
  {
    what: 'writing to a directory',
    async tell(files) {
      await files.directory('a')
      await files.open('a', 'write')
    },
    told: 'EISDIR',
    inDirectories: true,
  },
  {
    what: 'what is written is read, also by who made the file',
    tell: (files) =>
      files.within('a', 'create', async (handle) => [
        await handle.write(bytes('text'), 0),
        await handle.write(bytes(''), 4),
        await handle.writeSynced(bytes('s'), 4),
        await textOf(handle),
        await files.text('a'),
      ]),
    told: [4, 0, 1, 'texts', 'texts'],
  },
  {
    what: 'opening for writing leaves what is there, and writing in the middle the rest',
    async tell(files) {
      await files.make('a', '0123456789')
      await files.within('a', 'write', (handle) => handle.write(bytes('ab'), 3))
      return files.text('a')
    },
    told: '012ab56789',
  },
  {
    what: 'writing beyond the end leaves zeroes between',
    async tell(files) {
      await files.make('a', 'ab')
      await files.within('a', 'write', (handle) => handle.write(bytes('c'), 4))
      return files.text('a')
    },
    told: 'ab\0\0c',
  },
  {
    what: 'reading at the end, across it and beyond it',
    async tell(files) {
      await files.make('a', 'abcdef')
      return files.within('a', 'read', async (handle) => [
        await handle.read(Buffer.alloc(4), 4),
        await handle.read(Buffer.alloc(4), 6),
        await handle.read(Buffer.alloc(4), 100),
        await handle.read(Buffer.alloc(0), 0),
      ])
    },
    told: [2, 0, 0, 0],
  },
  {
    what: 'a shorter file that grows again has zeroes where something else was',
    async tell(files) {
      await files.make('a', 'abcdef')
      return files.within('a', 'write', async (handle) => {
        await handle.truncate(2)
        const shorter = [await handle.size(), await textOf(handle)]
        await handle.write(bytes('x'), 4)
        return [...shorter, await textOf(handle)]
      })
    },
    told: [2, 'ab', 'ab\0\0x'],
  },
  {
    what: 'a file that is made longer has zeroes',
    async tell(files) {
      await files.make('a', 'ab')
      await files.within('a', 'write', (handle) => handle.truncate(4))
      return files.text('a')
    },
    told: 'ab\0\0',
  },
  {
    what: 'writing to a file that was opened for reading',
    async tell(files) {
      await files.make('a')
      await files.within('a', 'read', (handle) => handle.write(bytes('x'), 0))
    },
    told: 'EBADF',
  },
  {
    what: 'cutting a file that was opened for reading',
    async tell(files) {
      await files.make('a')
      await files.within('a', 'read', (handle) => handle.truncate(0))
    },
    told: 'EINVAL',
  },
  {
    what: 'syncing a file that was opened for reading',
    async tell(files) {
      await files.make('a')
      await files.within('a', 'read', (handle) => handle.sync())
    },
    told: undefined,
  },
  {
    what: 'who has a file open twice sees both',
    async tell(files) {
      await files.make('a', 'ab')
      return files.within('a', 'read', async (reader) => {
        await files.within('a', 'write', (writer) => writer.write(bytes('x'), 1))
        return textOf(reader)
      })
    },
    told: 'ax',
  },
  {
    what: 'listing what is not there',
    tell: (files) => files.list('a'),
    told: 'ENOENT',
    inDirectories: true,
  },
  {
    what: 'listing a file',
    async tell(files) {
      await files.make('a')
      return files.list('a')
    },
    told: 'ENOTDIR',
    inDirectories: true,
  },
  {
    what: 'a list is sorted',
    async tell(files) {
      for (const name of ['b', 'a10', 'B', 'a9', 'é']) await files.make(name)
      return files.list()
    },
    told: ['B', 'a10', 'a9', 'b', 'é'],
  },
  {
    what: 'a list has directories, and nothing of what is in them',
    async tell(files) {
      await files.directory('b/c')
      await files.make('b/d')
      await files.make('a')
      return files.list()
    },
    told: ['a', 'b'],
    inDirectories: true,
  },
  {
    what: 'looking for what is there and what is not',
    async tell(files) {
      await files.make('a', 'abc')
      return [await files.stat('a'), await files.stat('b')]
    },
    told: [{ size: 3, directory: false }, null],
  },
  {
    what: 'looking for a directory, and in one that is not there',
    async tell(files) {
      await files.directory('a')
      return [await files.stat('a'), await files.stat('b/c')]
    },
    told: ['a directory', null],
    inDirectories: true,
  },
  {
    what: 'making directories with those above them, and again',
    async tell(files) {
      await files.directory('a/b/c')
      await files.directory('a/b/c')
      return files.list('a/b')
    },
    told: ['c'],
    inDirectories: true,
  },
  {
    what: 'making a directory where a file is',
    async tell(files) {
      await files.make('a')
      await files.directory('a')
    },
    told: 'EEXIST',
    inDirectories: true,
  },
  {
    what: 'making a directory in a file',
    async tell(files) {
      await files.make('a')
      await files.directory('a/b/c')
    },
    told: 'ENOTDIR',
    inDirectories: true,
  },
  { what: 'renaming what is not there', tell: (files) => files.rename('a', 'b'), told: 'ENOENT' },
  {
    what: 'renaming into a directory that is not there',
    async tell(files) {
      await files.make('a')
      await files.rename('a', 'b/c')
    },
    told: 'ENOENT',
    inDirectories: true,
  },
  {
    what: 'a renamed file takes the place of the one that was there',
    async tell(files) {
      await files.make('a', 'new')
      await files.make('b', 'the old one')
      await files.rename('a', 'b')
      return [await files.list(), await files.text('b')]
    },
    told: [['b'], 'new'],
  },
  {
    what: 'a file that is renamed to its own name stays',
    async tell(files) {
      await files.make('a', 'text')
      await files.rename('a', 'a')
      return [await files.list(), await files.text('a')]
    },
    told: [['a'], 'text'],
  },
  {
    what: 'who has a file open has it whatever becomes of its name',
    async tell(files) {
      for (const name of ['a', 'b', 'c']) await files.make(name, name)
      return files.within('a', 'write', (renamed) =>
        files.within('b', 'read', (replaced) =>
          files.within('c', 'read', async (removed) => {
            await files.rename('a', 'b')
            await files.unlink('c')
            await files.make('c', 'another')
            await renamed.write(bytes('a'), 1)
            return [
              ...(await Promise.all([renamed, replaced, removed].map(textOf))),
              await files.text('b'),
              await files.text('c'),
            ]
          }),
        ),
      )
    },
    told: ['aa', 'b', 'c', 'aa', 'another'],
  },
  {
    what: 'a renamed directory keeps what is in it, and takes the place of an empty one',
    async tell(files) {
      await files.directory('a')
      await files.make('a/file', 'text')
      await files.directory('b')
      await files.rename('a', 'b')
      return [await files.list(), await files.text('b/file')]
    },
    told: [['b'], 'text'],
    inDirectories: true,
  },
  {
    what: 'a directory in the place of one that is not empty',
    async tell(files) {
      await files.directory('a')
      await files.directory('b/c')
      await files.rename('a', 'b')
    },
    told: 'ENOTEMPTY',
    inDirectories: true,
  },
  {
    what: 'a directory in the place of a file',
    async tell(files) {
      await files.directory('a')
      await files.make('b')
      await files.rename('a', 'b')
    },
    told: 'ENOTDIR',
    inDirectories: true,
  },
  {
    what: 'a file in the place of a directory',
    async tell(files) {
      await files.make('a')
      await files.directory('b')
      await files.rename('a', 'b')
    },
    told: 'EISDIR',
    inDirectories: true,
  },
  { what: 'removing what is not there', tell: (files) => files.unlink('a'), told: 'ENOENT' },
  {
    what: 'removing a directory as a file',
    async tell(files) {
      await files.directory('a')
      await files.unlink('a')
    },
    told: 'EISDIR',
    inDirectories: true,
  },
  {
    what: 'what was removed is not there, and can be made anew',
    async tell(files) {
      await files.make('a', 'old')
      await files.unlink('a')
      const gone = await files.stat('a')
      await files.make('a', 'new')
      return [gone, await files.text('a')]
    },
    told: [null, 'new'],
  },
  { what: 'syncing a directory', tell: (files) => files.syncDirectory(), told: undefined },
  {
    what: 'syncing a directory that is not there',
    tell: (files) => files.syncDirectory('a'),
    told: 'ENOENT',
    inDirectories: true,
  },
  {
    what: 'the real path of what is there',
    async tell(files) {
      await files.make('a')
      return files.realName('a')
    },
    told: true,
  },
  {
    what: 'the real path of what is not there',
    tell: (files) => files.realName('a'),
    told: 'ENOENT',
    inDirectories: true,
  },
  { what: 'room', tell: (files) => files.hasRoom(), told: true },
]
