import { spawn } from 'node:child_process'
import * as fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemRandom } from '../../../core/crypto/system-random.ts'
import type { AtomicFileSystem } from '../../../core/persist/atomic-file.ts'
import { type FileStateStore, openFileStateStore } from '../../../core/persist/file-state-store.ts'
import { askLockSocket, openLockSocket } from '../../../core/persist/lock-socket.ts'
import { systemProcesses } from '../../../core/persist/process-identity.ts'
import { MAX_BACKUPS } from '../../../core/persist/state-store.ts'
import { formatLogParts, Logger, silentLogger } from '../../../core/util/log.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'

let base: string
let directory: string

beforeEach(async () => {
  base = await fs.mkdtemp(join(tmpdir(), 'allium-state-'))
  directory = join(base, 'data')
})
afterEach(() => fs.rm(base, { recursive: true, force: true }))

function openStore(fileSystem?: AtomicFileSystem): Promise<FileStateStore> {
  return openFileStateStore(directory, {
    random: systemRandom,
    log: silentLogger,
    ...(fileSystem === undefined ? {} : { fileSystem }),
  })
}

async function readText(store: FileStateStore, name: string): Promise<string | undefined> {
  const bytes = await store.read(name)
  return bytes === undefined ? undefined : Buffer.from(bytes).toString()
}

describe('the DataDirectory', () => {
  it('is made for us alone, and so is every file in it', async () => {
    const store = await openStore()
    await store.write('state.json', Buffer.from('x'))
    await store.append('journal', Buffer.from('x'))
    expect((await fs.stat(directory)).mode & 0o777).toBe(0o700)
    for (const name of ['state.json', 'journal', 'lock']) {
      expect((await fs.stat(join(directory, name))).mode & 0o777).toBe(0o600)
    }
    await store.close()
  })

  it('is made private, and this is said, when others could read it', async () => {
    await fs.mkdir(directory)
    await fs.chmod(directory, 0o755)
    const lines: string[] = []
    const log = new Logger((record) => lines.push(formatLogParts(record.parts, true)))
    const store = await openFileStateStore(directory, { random: systemRandom, log })
    expect((await fs.stat(directory)).mode & 0o777).toBe(0o700)
    expect(lines.join()).toContain('its mode was 755')
    await store.close()
  })

  it('is refused when it is a symbolic link, also one written with a slash at its end', async () => {
    await fs.mkdir(join(base, 'elsewhere'), { mode: 0o700 })
    await fs.symlink(join(base, 'elsewhere'), directory)
    await expect(openStore()).rejects.toThrow(/is a symbolic link/)
    directory = `${directory}/`
    await expect(openStore()).rejects.toMatchObject({ kind: 'state' })
  })

  it('is refused when it is a file', async () => {
    await fs.writeFile(directory, '')
    await expect(openStore()).rejects.toThrow(/is not a directory/)
  })

  it.skipIf(process.geteuid?.() !== 0)('is refused when it belongs to somebody else', async () => {
    await fs.mkdir(directory, { mode: 0o700 })
    await fs.chown(directory, 12_345, 12_345)
    await expect(openStore()).rejects.toThrow(/belongs to user 12345/)
  })
})

describe('documents on disk', () => {
  it('survive closing and opening the store', async () => {
    const first = await openStore()
    await first.write('state.json', Buffer.from('one'))
    await first.write('state.json', Buffer.from('two'))
    await first.append('journal', Buffer.from('a'))
    await first.append('journal', Buffer.from('b'))
    await first.close()
    const second = await openStore()
    expect(await readText(second, 'state.json')).toBe('two')
    expect(await readText(second, 'journal')).toBe('ab')
    await second.remove('journal')
    expect(await second.read('journal')).toBeUndefined()
    await second.close()
  })

  it('are written in the order of the calls, and closing waits for them', async () => {
    const store = await openStore()
    const writes = Array.from({ length: 20 }, (_, n) => store.write('state.json', Buffer.from(`${n}`)))
    const read = readText(store, 'state.json')
    await store.close()
    await Promise.all(writes)
    expect(await read).toBe('19')
    expect(await fs.readFile(join(directory, 'state.json'), 'utf8')).toBe('19')
    await expect(store.write('state.json', Buffer.alloc(1))).rejects.toMatchObject({ kind: 'closed' })
  })

  it('are never reached through a name that leaves the directory', async () => {
    const store = await openStore()
    for (const name of ['../x', '..', 'a/b', 'lock']) {
      await expect(store.write(name, Buffer.alloc(1))).rejects.toMatchObject({ kind: 'internal' })
    }
    await store.close()
  })

  it('are not read through a symbolic link, and a write replaces the link and not its target', async () => {
    const store = await openStore()
    const outside = join(base, 'outside')
    await fs.writeFile(outside, 'theirs')
    await fs.symlink(outside, join(directory, 'state.json'))
    await expect(store.read('state.json')).rejects.toMatchObject({ kind: 'state' })
    await store.write('state.json', Buffer.from('ours'))
    expect(await fs.readFile(outside, 'utf8')).toBe('theirs')
    expect(await readText(store, 'state.json')).toBe('ours')
    await store.close()
  })

  it('are set aside under a bounded number of names, the oldest making room', async () => {
    const store = await openStore()
    expect(await store.keepBackup('state.json')).toBeUndefined()
    for (let n = 1; n <= MAX_BACKUPS + 1; n++) {
      await store.write('state.json', Buffer.from(`bad ${n}`))
      const backup = await store.keepBackup('state.json')
      await fs.utimes(join(directory, backup ?? ''), n, n)
    }
    expect(await store.read('state.json')).toBeUndefined()
    const names = (await fs.readdir(directory)).filter((name) => name.startsWith('state.json'))
    expect(names).toHaveLength(MAX_BACKUPS)
    expect(await fs.readFile(join(directory, 'state.json.bad-1'), 'utf8')).toBe(`bad ${MAX_BACKUPS + 1}`)
    await store.close()
  })
})

/** Every step that a replacement takes, in order; the death of the process is played at one of them. */
const STEPS = ['open', 'half a write', 'write', 'sync', 'rename'] as const

/** Dies before (or in the middle of) the named step: that call and everything after it fails, cleaning up as well. */
function dyingFileSystem(death: (typeof STEPS)[number]): AtomicFileSystem {
  let isDead = false
  const pass = (step: string): void => {
    if (step === death) isDead = true
    if (isDead) throw new Error(`dead before ${step}`)
  }
  return {
    async open(path, flags, mode) {
      pass('open')
      const file = await fs.open(path, flags, mode)
      return {
        async writeFile(data) {
          if (death === 'half a write' && data instanceof Uint8Array)
            await file.writeFile(data.subarray(0, 3))
          pass('half a write')
          pass('write')
          await file.writeFile(data)
        },
        async sync() {
          pass('sync')
          await file.sync()
        },
        close: () => file.close(),
      }
    },
    async rename(from, to) {
      pass('rename')
      await fs.rename(from, to)
    },
    async rm(path, options) {
      pass('remove')
      await fs.rm(path, options)
    },
  }
}

describe('a death in the middle of a write', () => {
  it.each(STEPS)(
    'before the step "%s" leaves the old document whole and nothing behind after the next start',
    async (step) => {
      const first = await openStore()
      await first.write('state.json', Buffer.from('the old one'))
      await first.close()
      const dying = await openStore(dyingFileSystem(step))
      await expect(dying.write('state.json', Buffer.from('the new one'))).rejects.toMatchObject({
        kind: 'state',
      })
      await dying.close()
      const next = await openStore()
      expect(await readText(next, 'state.json')).toBe('the old one')
      const documents = (await fs.readdir(directory)).filter((name) => !name.endsWith('.socket'))
      expect(documents.sort()).toEqual(['lock', 'state.json'])
      await next.close()
    },
  )
})

/** More than any system gives out. */
const NO_PROCESS = 2 ** 30

/** Turns the clock until it is done: what it waits for comes from the disk. */
async function whileTurning<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let isDone = false
  void work.finally(() => {
    isDone = true
  })
  while (!isDone) {
    clock.advance(10)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return work
}

describe('the lock of the DataDirectory', () => {
  it('is refused to a second store of the same process, and free again after closing', async () => {
    const first = await openStore()
    await expect(openStore()).rejects.toThrow(
      `another Allium (process ${process.pid}) is using this DataDirectory`,
    )
    await first.close()
    await first.close()
    const second = await openStore()
    await second.close()
    expect(await fs.readdir(directory)).toEqual([])
  })

  it('is refused while the process that it names lives, and taken over once that was killed', async () => {
    await fs.mkdir(directory, { mode: 0o700 })
    const holder = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    const exited = new Promise((resolve) => holder.once('exit', resolve))
    await fs.writeFile(join(directory, 'lock'), JSON.stringify({ pid: holder.pid, nonce: 'theirs' }))
    await expect(openStore()).rejects.toThrow(
      `another Allium (process ${holder.pid}) is using this DataDirectory`,
    )
    holder.kill('SIGKILL')
    await exited
    const store = await openStore()
    await store.close()
  })

  it('is refused while its holder answers, also when its process cannot be seen, as from another container', async () => {
    await fs.mkdir(directory, { mode: 0o700 })
    const nonce = 'a'.repeat(32)
    const holder = await openLockSocket(directory, nonce)
    await fs.writeFile(join(directory, 'lock'), JSON.stringify({ pid: NO_PROCESS, nonce }))
    await expect(openStore()).rejects.toThrow(`another Allium (process ${NO_PROCESS}) is using`)
    await holder?.close()
    const store = await openStore()
    await store.close()
  })

  it('is taken over when its process number is in use and its holder does not answer', async () => {
    await fs.mkdir(directory, { mode: 0o700 })
    const nonce = 'a'.repeat(32)
    const holder = await openLockSocket(directory, nonce)
    await fs.rename(join(directory, `lock.${nonce.slice(16)}.socket`), join(base, 'socket'))
    await holder?.close()
    await fs.rename(join(base, 'socket'), join(directory, `lock.${nonce.slice(16)}.socket`))
    await fs.writeFile(join(directory, 'lock'), JSON.stringify({ pid: process.ppid, nonce }))
    const store = await openStore()
    expect(await fs.readdir(directory)).toHaveLength(2)
    await store.close()
    expect(await fs.readdir(directory)).toEqual([])
  })

  it('answers from a directory with a name that is too long for a socket', async () => {
    directory = join(base, 'long'.repeat(50))
    const store = await openStore()
    const [nonce = ''] = /[0-9a-f]{32}/.exec(await fs.readFile(join(directory, 'lock'), 'utf8')) ?? []
    const isLinux = process.platform === 'linux'
    expect(await askLockSocket(directory, nonce)).toBe(isLinux ? 'alive' : 'unknown')
    await store.close()
    expect(await fs.readdir(directory)).toEqual([])
  })

  it('asks nobody outside of the directory, whatever the lock says', async () => {
    await fs.mkdir(directory, { mode: 0o700 })
    for (const nonce of ['', '../../tmp/socket', 'A'.repeat(32)]) {
      expect(await askLockSocket(directory, nonce)).toBe('unknown')
    }
  })

  it('of before the boot is taken over where the system does not tell when processes began', async () => {
    await fs.mkdir(directory, { mode: 0o700 })
    const path = join(directory, 'lock')
    const bootMs = 1_790_000_000_000
    const clock = manualClock(bootMs + 60_000)
    const processes = { ...systemProcesses, isAlive: async () => true, uptimeMs: () => 60_000 }
    const parts = { random: systemRandom, log: silentLogger, clock, processes }
    await fs.writeFile(path, JSON.stringify({ pid: 4711, nonce: 'theirs' }))
    await fs.utimes(path, bootMs / 1000 + 10, bootMs / 1000 + 10)
    // Nobody who is told so can find the file in a dot directory: it is named.
    await expect(openFileStateStore(directory, parts)).rejects.toThrow(`delete the file ${path}`)
    await fs.utimes(path, bootMs / 1000 - 7_200, bootMs / 1000 - 7_200)
    const opening = openFileStateStore(directory, parts)
    const store = await whileTurning(clock, opening)
    await store.close()
  })

  it('is taken over when its process number belongs to another process by now', async () => {
    await fs.mkdir(directory, { mode: 0o700 })
    const lock = { pid: process.pid, startToken: 'an earlier boot:1', nonce: 'theirs' }
    await fs.writeFile(join(directory, 'lock'), JSON.stringify(lock))
    const store = await openStore()
    await store.close()
  })

  it.each(['', 'garbage', '{}', '{"pid":-1,"nonce":"x"}', '{"pid":0,"nonce":"x"}', 'x'.repeat(5000)])(
    'is taken over when it says nothing that can be read: %j',
    async (text) => {
      await fs.mkdir(directory, { mode: 0o700 })
      await fs.writeFile(join(directory, 'lock'), text)
      const store = await openStore()
      await store.close()
    },
  )

  it('is left alone at closing when somebody else has taken it', async () => {
    const store = await openStore()
    const theirs = JSON.stringify({ pid: 1, nonce: 'theirs' })
    await fs.writeFile(join(directory, 'lock'), theirs)
    await store.close()
    expect(await fs.readFile(join(directory, 'lock'), 'utf8')).toBe(theirs)
  })
})
