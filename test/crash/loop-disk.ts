import { execFile } from 'node:child_process'
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What perl tells the file system: FS_IOC_SHUTDOWN with the flag "no log flush". Nothing reaches the disk after it. */
const shutdown =
  'open(my $f, "<", $ARGV[0]) or die; my $how = pack("L", 2); ioctl($f, 0x8004587d, $how) or die $!'

/** A file system of its own in a file, whose power can be cut: ext4 on a loop device, as root, on Linux. */
export class LoopDisk {
  readonly mount: string
  readonly #image: string

  private constructor(image: string, mount: string) {
    this.#image = image
    this.mount = mount
  }

  static async create(directory: string): Promise<LoopDisk> {
    const disk = new LoopDisk(join(directory, 'disk.img'), join(directory, 'mnt'))
    await mkdir(disk.mount)
    await run('truncate', ['-s', '320M', disk.#image])
    await run('mkfs.ext4', ['-q', '-F', disk.#image])
    await disk.#attach()
    return disk
  }

  /** Whatever is not synced is gone; every write and sync from now on fails with EIO. */
  async cutPower(): Promise<void> {
    await run('perl', ['-e', shutdown, this.mount])
  }

  /**
   * Throws unless a cut takes what was not synced, and leaves what was: a shutdown that wrote everything first would make a
   * kill of each cut, and no test would be red.
   */
  async proveCuts(): Promise<void> {
    const content = Buffer.alloc(64 * 1024, 'columba')
    const at = (name: string): string => join(this.mount, name)
    for (const name of ['synced', 'old name']) {
      await writeFile(at(name), content)
      await sync(at(name))
    }
    await sync(this.mount)
    await writeFile(at('written'), content)
    await rename(at('old name'), at('new name'))
    await this.cutPower()
    await this.restart()
    const whole: string[] = []
    for (const name of ['synced', 'old name', 'written', 'new name']) {
      if ((await contentOf(at(name))).equals(content)) whole.push(name)
      await rm(at(name), { force: true })
    }
    if (whole.join() !== 'synced,old name')
      throw new Error(`no power cut: behind it is whole ${whole.join()}`)
  }

  /** Nobody may have a file on it open. */
  async restart(): Promise<void> {
    await this.remove()
    await this.#attach()
  }

  async remove(): Promise<void> {
    await run('umount', [this.mount])
  }

  async #attach(): Promise<void> {
    await run('mount', ['-o', 'loop', this.#image, this.mount])
  }
}

/** A file, or a directory. */
async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  await handle.sync()
  await handle.close()
}

/** Nothing of a file that is not there. */
async function contentOf(path: string): Promise<Buffer> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0)
    throw error
  })
}

/** Null where power cuts can be tried; else why not. */
export async function whyNoLoopDisk(directory: string): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'not root'
  try {
    const disk = await LoopDisk.create(directory)
    await disk.cutPower()
    await disk.restart()
    await disk.remove()
    return null
  } catch (error) {
    return `no loop device with ext4: ${String(error).trim().replaceAll('\n', '; ')}`
  }
}
