/** Large read-only data: what ships with the program, and files that a user names. */
import { open, readFile } from 'node:fs/promises'
import { TorError, toTorError } from '../util/errors.ts'

/**
 * A file of the folder `bundled`, which lies beside this module in the sources and beside the program when it is built.
 * Throws `state` when the installation lacks it.
 */
export async function readBundledFile(name: 'countries.br'): Promise<Buffer> {
  try {
    return await readFile(new URL(`./bundled/${name}`, import.meta.url))
  } catch (error) {
    throw toTorError(error, 'state', `the installation lacks its file ${name}`)
  }
}

/** The text of a file that a user named in `option`. Throws `bad-config` when it cannot be read or is too large. */
export async function readUserFile(path: string, option: string, maxBytes: number): Promise<string> {
  try {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      if (size > maxBytes)
        throw new TorError('bad-config', `${option}: the file has more than ${maxBytes} bytes`)
      return await file.readFile('utf8')
    } finally {
      await file.close()
    }
  } catch (error) {
    throw toTorError(error, 'bad-config', `${option}: the file cannot be read`)
  }
}
