import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DEFAULT_APPLICATION_RULES } from '../../../core/proxy/application-rules.ts'
import type { ProxyListener } from '../../../core/proxy/proxy-listener.ts'
import { bindForOwner, type UnixAddress } from '../../../core/proxy/unix-socket.ts'
import { isTorError, TorError } from '../../../core/util/errors.ts'
import { FakeOpener } from './fake-opener.ts'
import { App, type ListenChanges, listen, until } from './support.ts'

let directory: string
let path: string
const open: ProxyListener[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'allium-unix-'))
  chmodSync(directory, 0o700)
  path = join(directory, 'socks')
})

afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close()
  rmSync(directory, { recursive: true, force: true })
})

function address(changes: Partial<UnixAddress> = {}): UnixAddress {
  return { kind: 'unix', path, access: 'owner', checksDirectory: true, ...changes }
}

async function start(
  at: UnixAddress,
  opener = new FakeOpener(),
  changes: ListenChanges = {},
): Promise<ProxyListener> {
  const listener = await listen(opener, { address: at, ...changes })
  open.push(listener)
  return listener
}

async function refusal(at: UnixAddress): Promise<string> {
  const thrown = await start(at).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!isTorError(thrown, 'bad-config')) throw new Error('was not refused')
  return thrown.message
}

const modeOf = (file: string): number => lstatSync(file).mode & 0o777

test('a unix socket is nobody else’s from its first moment on, whatever the umask', async () => {
  const before = process.umask(0)
  try {
    const server = createServer()
    bindForOwner(() => server.listen(path))
    expect(modeOf(path)).toBe(0o600)
    expect(process.umask(0)).toBe(0)
    await new Promise((resolve) => server.close(resolve))
  } finally {
    process.umask(before)
  }
})
const CONNECT = `050100 05010003 0b ${Buffer.from('example.com').toString('hex')} 01bb`

describe.skipIf(process.platform === 'win32')('a unix socket', () => {
  test('serves applications, whose address is no part of their isolation', async () => {
    const opener = new FakeOpener()
    // No address: no policy over addresses keeps them out.
    const rules = {
      ...DEFAULT_APPLICATION_RULES,
      socksPolicy: { text: 'reject *:*', accepts: () => false },
    }
    const app = new App(await start(address(), opener, { rules }))
    app.sendHex(CONNECT)
    await until(() => app.received.toString('hex') === '050005000001000000000000')
    app.send('ping')
    await until(() => opener.streams[0]?.writtenText === 'ping')
    opener.streams[0]?.deliver(Buffer.from('pong'))
    await until(() => app.received.toString('latin1').endsWith('pong'))
    app.socket.destroy()
  })

  test('ends a cut transfer although it cannot be reset', async () => {
    const opener = new FakeOpener()
    const listener = await start(address(), opener)
    const app = new App(listener)
    app.sendHex(CONNECT)
    await until(() => opener.streams.length === 1)
    opener.streams[0]?.closeFromRelay(new TorError('circuit-failed', 'gone'))
    await until(() => app.hasEnded || app.isClosed)
    await until(() => listener.connectionCount === 0)
    app.socket.destroy()
  })

  test.each([
    ['owner', 0o600],
    ['group', 0o660],
    ['world', 0o666],
  ] as const)('for %s has its mode, and is gone when the listener closes', async (access, mode) => {
    const listener = await start(address({ access }))
    expect(modeOf(path)).toBe(mode)
    expect(listener.endpoint).toEqual({ host: path, port: 0 })
    await listener.close()
    expect(existsSync(path)).toBe(false)
  })

  test.each([
    ['owner', 0o755, true],
    ['owner', 0o750, true],
    ['owner', 0o770, false],
    ['group', 0o770, true],
    ['group', 0o751, true],
  ] as const)('for %s is refused in a directory of mode %o', async (access, mode, checksDirectory) => {
    chmodSync(directory, mode)
    expect(await refusal(address({ access, checksDirectory }))).toMatch(/others can reach it/)
    expect(existsSync(path)).toBe(false)
  })

  test.each([
    ['owner', 0o750, false],
    ['group', 0o750, true],
    ['world', 0o777, true],
  ] as const)('for %s is taken in a directory of mode %o', async (access, mode, checksDirectory) => {
    chmodSync(directory, mode)
    await start(address({ access, checksDirectory }))
  })

  test('replaces one that an earlier run left behind', async () => {
    const earlier = createServer().listen(path)
    await until(() => earlier.listening)
    // What a killed process leaves: the file without anybody behind it.
    const kept = join(directory, 'kept')
    renameSync(path, kept)
    await new Promise((resolve) => earlier.close(resolve))
    renameSync(kept, path)
    const opener = new FakeOpener()
    const app = new App(await start(address(), opener))
    app.sendHex(CONNECT)
    await until(() => opener.asked.length === 1)
    app.socket.destroy()
  })

  test('that another program serves is left alone', async () => {
    await start(address())
    expect(await refusal(address())).toMatch(/another program listens there/)
    expect(existsSync(path)).toBe(true)
  })

  test('is never made through a symbolic link, nor over a file', async () => {
    const target = join(directory, 'target')
    symlinkSync(target, path)
    expect(await refusal(address())).toMatch(/no socket/)
    rmSync(path)
    writeFileSync(path, 'precious')
    expect(await refusal(address())).toMatch(/no socket/)
    expect(existsSync(path)).toBe(true)
    const real = join(directory, 'real')
    mkdirSync(real, { mode: 0o700 })
    symlinkSync(real, join(directory, 'link'))
    expect(await refusal(address({ path: join(directory, 'link', 'socks') }))).toMatch(/symbolic link/)
  })

  test.each([
    ['relative', 'socks', /absolute/],
    ['too long', `/tmp/${'a'.repeat(110)}`, /longer/],
    ['in no directory', '/nonexistent/socks', /does not exist/],
  ])('with a path that is %s is refused in words', async (_what, bad, words) => {
    expect(await refusal(address({ path: bad }))).toMatch(words)
  })
})
