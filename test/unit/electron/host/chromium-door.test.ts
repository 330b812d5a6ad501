/** The door for Chromium on loopback: who comes in, whereto, by which way, and that nothing else does. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { TorError, type UpstreamProxy } from '../../../../core/index.ts'
import { ChromiumDoor } from '../../../../electron/host/chromium-door.ts'

const SECRET = 'abcdefghijklmnopqrstuvwxyz012345'
const RIGHT = `Proxy-Authorization: Basic ${Buffer.from(`chromium:${SECRET}`).toString('base64')}\r\n`
const PROXY: UpstreamProxy = {
  kind: 'socks5',
  endpoint: { host: '192.0.2.9', port: 1080 },
  credentials: { username: 'a', password: 'b' },
}

const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp()
})

/** Answers with what it gets, in capitals. */
async function startServer(): Promise<number> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (bytes: Buffer) => socket.write(bytes.toString('latin1').toUpperCase()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function setUp(dialFails?: TorError) {
  const serverPort = await startServer()
  const dialled: { host: string; port: number; proxy: UpstreamProxy | undefined }[] = []
  const door = await ChromiumDoor.open({
    secret: SECRET,
    dial: async ({ host, port }, proxy) => {
      dialled.push({ host, port, proxy })
      if (dialFails !== undefined) throw dialFails
      return connect(serverPort, '127.0.0.1')
    },
  })
  cleanUps.push(() => door.close())
  return { door, dialled }
}

class Client {
  text = ''
  isClosed = false
  readonly #socket: Socket
  #changed: () => void = () => undefined

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1')
    cleanUps.push(() => this.#socket.destroy())
    this.#socket.on('error', () => undefined)
    this.#socket.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1')
      this.#changed()
    })
    this.#socket.on('close', () => {
      this.isClosed = true
      this.#changed()
    })
  }

  say(text: string): this {
    this.#socket.write(text)
    return this
  }

  async until(accept: () => boolean): Promise<void> {
    while (!accept()) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve
      })
    }
  }

  async status(): Promise<string | undefined> {
    await this.until(() => this.text.includes('\r\n\r\n') || this.isClosed)
    return /^HTTP\/1\.1 (\d+)/.exec(this.text)?.[1]
  }
}

const connectTo = (target: string, headers = RIGHT): string =>
  `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${headers}\r\n`

describe('the door', () => {
  it('leads to a server that a request is under way to, with the bytes that came at once', async () => {
    const { door, dialled } = await setUp()
    door.admit('front.example', 443, undefined)
    const client = new Client(door.port).say(`${connectTo('FRONT.example:443')}hello`)
    await client.until(() => client.text.includes('HELLO'))
    expect(await client.status()).toBe('200')
    expect(dialled).toEqual([{ host: 'front.example', port: 443, proxy: undefined }])
  })

  it.each([
    ['no word', ''],
    ['a wrong word', `Proxy-Authorization: Basic ${Buffer.from('chromium:wrong').toString('base64')}\r\n`],
    ['something else', 'Proxy-Authorization: Bearer x\r\n'],
  ])('asks who comes with %s, and dials nobody', async (_what, headers) => {
    const { door, dialled } = await setUp()
    door.admit('front.example', 443, undefined)
    expect(await new Client(door.port).say(connectTo('front.example:443', headers)).status()).toBe('407')
    expect(dialled).toEqual([])
  })

  it.each(['other.example:443', 'front.example:80', '127.0.0.1:22', 'front.example', '[::1]:443'])(
    'leads to no %s, which nobody has asked for',
    async (target) => {
      const { door, dialled } = await setUp()
      door.admit('front.example', 443, undefined)
      expect(await new Client(door.port).say(connectTo(target)).status()).toBe('403')
      expect(dialled).toEqual([])
    },
  )

  it('fetches nothing itself: not for Chromium, and not for a web page that has found its port', async () => {
    const { door, dialled } = await setUp()
    door.admit('front.example', 80, undefined)
    for (const text of [
      `GET http://front.example/ HTTP/1.1\r\nHost: front.example\r\n${RIGHT}\r\n`,
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
    ]) {
      expect(await new Client(door.port).say(text).status()).toBe('403')
    }
    expect(dialled).toEqual([])
  })

  it('is closed to new connections when the last request to the server is over', async () => {
    const { door } = await setUp()
    const one = door.admit('front.example', 443, undefined)
    const other = door.admit('front.example', 443, undefined)
    const client = new Client(door.port).say(connectTo('front.example:443'))
    expect(await client.status()).toBe('200')
    one.release()
    one.release()
    expect(await new Client(door.port).say(connectTo('front.example:443')).status()).toBe('200')
    other.release()
    expect(await new Client(door.port).say(connectTo('front.example:443')).status()).toBe('403')
    // What there is may serve the next request.
    client.say('still')
    await client.until(() => client.text.includes('STILL'))
  })

  it('takes the upstream proxy, and cuts what went another way before', async () => {
    const { door, dialled } = await setUp()
    door.admit('front.example', 443, undefined)
    const direct = new Client(door.port).say(connectTo('front.example:443'))
    expect(await direct.status()).toBe('200')
    door.admit('front.example', 443, PROXY)
    await direct.until(() => direct.isClosed)
    expect(await new Client(door.port).say(connectTo('front.example:443')).status()).toBe('200')
    expect(dialled.map(({ proxy }) => proxy)).toEqual([undefined, PROXY])
  })

  it('keeps why a server could not be reached for who asked', async () => {
    const { door } = await setUp(new TorError('proxy-failed', 'the upstream proxy says no'))
    const admission = door.admit('front.example', 443, PROXY)
    expect(admission.failure).toBeUndefined()
    expect(await new Client(door.port).say(connectTo('front.example:443')).status()).toBe('502')
    expect(admission.failure).toMatchObject({ kind: 'proxy-failed', message: 'the upstream proxy says no' })
  })

  it('takes every connection with it when it closes', async () => {
    const { door } = await setUp()
    door.admit('front.example', 443, undefined)
    const client = new Client(door.port).say(connectTo('front.example:443'))
    expect(await client.status()).toBe('200')
    door.close()
    await client.until(() => client.isClosed)
  })
})
