import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
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
    return `no loop device with ext4: ${String(error).split('\n')[0]}`
  }
}
