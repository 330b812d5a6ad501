/** The DataDirectory itself: it is made private, and one that others could read, write or swap is refused. */
import { constants } from 'node:fs'
import { lstat, mkdir, open } from 'node:fs/promises'
import { TorError, toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'

const PRIVATE_MODE = 0o700
const ACCESS_BY_OTHERS = 0o077

/**
 * Makes the directory (and its parents) when missing, and checks that it is a real directory, is ours and is for us
 * alone; access by others is taken away when the directory is ours. `path` is absolute and has no trailing slash.
 * Throws `state` in words for the user.
 */
export async function preparePrivateDirectory(path: string, log: Logger): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: PRIVATE_MODE })
  } catch (error) {
    // A file or a dangling link in the way is said more clearly by the check below.
    const isThere = await lstat(path).then(
      () => true,
      () => false,
    )
    if (!isThere) throw toTorError(error, 'state', `the DataDirectory ${path} cannot be made`)
  }
  const found = await lstat(path).catch((error: unknown) => {
    throw toTorError(error, 'state', `the DataDirectory ${path} cannot be examined`)
  })
  if (found.isSymbolicLink()) {
    throw new TorError('state', `the DataDirectory ${path} is a symbolic link: name the directory itself`)
  }
  if (!found.isDirectory()) throw new TorError('state', `the DataDirectory ${path} is not a directory`)
  // Windows has no owners and modes in this sense: the profile's access list protects it.
  if (process.geteuid !== undefined) await takeForOurselves(path, process.geteuid(), log)
}

/** Looks and changes through one open handle, so that the directory cannot be swapped between the two. */
async function takeForOurselves(path: string, userId: number, log: Logger): Promise<void> {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
  const directory = await open(path, flags).catch((error: unknown) => {
    throw toTorError(error, 'state', `the DataDirectory ${path} cannot be opened`)
  })
  try {
    const { uid, mode } = await directory.stat()
    if (uid !== userId) {
      throw new TorError(
        'state',
        `the DataDirectory ${path} belongs to user ${uid} and this program runs as user ${userId}`,
      )
    }
    if ((mode & 0o777 & ACCESS_BY_OTHERS) === 0 && (mode & PRIVATE_MODE) === PRIVATE_MODE) return
    log.notice('Making the DataDirectory ', path, ' private: its mode was ', (mode & 0o777).toString(8))
    await directory.chmod(PRIVATE_MODE)
    const { mode: newMode } = await directory.stat()
    if ((newMode & ACCESS_BY_OTHERS) !== 0) {
      throw new TorError(
        'state',
        `the DataDirectory ${path} is open to other users and cannot be made private`,
      )
    }
  } catch (error) {
    throw toTorError(error, 'state', `the DataDirectory ${path} cannot be made private`)
  } finally {
    await directory.close()
  }
}
