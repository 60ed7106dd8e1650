import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'

/*
 * A directory in one file, compressed as a whole: a line of JSON with path and length of each file, and behind it the
 * files themselves.
 */
type Entry = readonly [path: string, length: number]

/** All files below a directory, but those that `isLeftOut` names by their path in it. */
export async function packDirectory(
  directory: string,
  isLeftOut: (path: string) => boolean,
): Promise<Buffer> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true })
  const paths = found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .filter((path) => !isLeftOut(path))
    .toSorted()
  const contents = await Promise.all(paths.map((path) => readFile(join(directory, path))))
  const entries = paths.map((path, at): Entry => [path, contents[at]?.length ?? 0])
  return gzipSync(Buffer.concat([Buffer.from(`${JSON.stringify(entries)}\n`), ...contents]), { level: 9 })
}

export async function unpackDirectory(packed: Buffer, directory: string): Promise<void> {
  const bytes = gunzipSync(packed)
  let at = bytes.indexOf('\n') + 1
  for (const [path, length] of JSON.parse(bytes.toString('utf8', 0, at)) as Entry[]) {
    const target = join(directory, path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, bytes.subarray(at, (at += length)))
  }
}
