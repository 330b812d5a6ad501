/** The load: a process of its own that drives a client's SOCKS port as the bench commands, and times what it sees. */
import { connect, type Socket } from 'node:net'
import type { LoadCommand, LoadReply, LoadRequest, LoadResult } from './load-commands.ts'

const READ_BYTES = 256 * 1024
const UPLOAD_BLOCK = Buffer.alloc(256 * 1024, 0x5a)
const ECHO = Buffer.alloc(64, 0x78)
/** After this long without an end a stream counts as failed. */
const STREAM_LIMIT_MS = 300_000

type Operation = 'D' | 'U' | 'E'

// One buffer serves every stream: a callback takes what it needs before the next read.
const readBuffer = Buffer.allocUnsafe(READ_BYTES)

function header(operation: Operation, bytes: number): Buffer {
  const head = Buffer.alloc(9)
  head.write(operation, 0, 'latin1')
  head.writeBigUInt64LE(BigInt(bytes), 1)
  return head
}

/** A stream through the client's SOCKS port; `onBytes` gets what arrives after the reply. */
class LoadStream {
  readonly startedMs = performance.now()
  readonly connected: Promise<void>
  onBytes: (chunk: Buffer) => void = () => undefined
  onClose: () => void = () => undefined
  readonly socket: Socket
  #step: 'method' | 'auth' | 'reply' | 'open' = 'method'
  #received = Buffer.alloc(0)
  readonly #user: Buffer
  readonly #targetPort: number
  #resolve: () => void = () => undefined
  #reject: (error: Error) => void = () => undefined

  constructor(socksPort: number, targetPort: number, user: string) {
    this.#user = Buffer.from(user)
    this.#targetPort = targetPort
    this.connected = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.socket = connect({
      port: socksPort,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (size) => {
          this.#onRead(readBuffer.subarray(0, size))
          return true
        },
      },
    })
    this.socket.once('connect', () => this.socket.write(Buffer.of(5, 1, 2)))
    this.socket.once('error', (error) => this.#reject(error))
    this.socket.once('close', () => {
      this.#reject(new Error('closed'))
      this.onClose()
    })
    this.socket.setTimeout(STREAM_LIMIT_MS, () => this.socket.destroy())
  }

  #onRead(chunk: Buffer): void {
    if (this.#step === 'open') {
      this.onBytes(chunk)
      return
    }
    this.#received = Buffer.concat([this.#received, chunk])
    if (this.#step === 'method' && this.#received.length >= 2) {
      this.#received = Buffer.alloc(0)
      this.#step = 'auth'
      this.socket.write(Buffer.concat([Buffer.of(1, this.#user.length), this.#user, Buffer.of(1, 0x70)]))
    } else if (this.#step === 'auth' && this.#received.length >= 2) {
      this.#received = Buffer.alloc(0)
      this.#step = 'reply'
      const port = this.#targetPort
      this.socket.write(Buffer.of(5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 0xff))
    } else if (this.#step === 'reply' && this.#received.length >= 10) {
      this.#step = 'open'
      if (this.#received.readUInt8(1) === 0) this.#resolve()
      else this.#reject(new Error(`SOCKS reply ${this.#received.readUInt8(1)}`))
    }
  }

  close(): void {
    this.socket.destroy()
  }
}

type Open = (user: string) => LoadStream

const now = (): number => performance.now()

interface TransferTimes {
  readonly firstMs: number
  readonly lastMs: number
}

async function download(stream: LoadStream, bytes: number): Promise<TransferTimes> {
  await stream.connected
  return new Promise((resolve, reject) => {
    let left = bytes
    let firstMs = 0
    stream.onClose = () => reject(new Error(`${left} bytes short`))
    stream.onBytes = (chunk) => {
      firstMs ||= now()
      left -= chunk.length
      if (left <= 0) resolve({ firstMs, lastMs: now() })
    }
    stream.socket.write(header('D', bytes))
  })
}

async function upload(stream: LoadStream, bytes: number): Promise<TransferTimes> {
  await stream.connected
  return new Promise((resolve, reject) => {
    const firstMs = now()
    let left = bytes
    stream.onClose = () => reject(new Error('closed during upload'))
    stream.onBytes = () => resolve({ firstMs, lastMs: now() })
    const pump = (): void => {
      while (left > 0) {
        const size = Math.min(left, UPLOAD_BLOCK.length)
        left -= size
        if (!stream.socket.write(UPLOAD_BLOCK.subarray(0, size))) return
      }
      stream.socket.off('drain', pump)
    }
    stream.socket.on('drain', pump)
    stream.socket.write(header('U', bytes))
    pump()
  })
}

function roundTrip(stream: LoadStream): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedMs = now()
    let left = ECHO.length
    stream.onClose = () => reject(new Error('closed during echo'))
    stream.onBytes = (chunk) => {
      left -= chunk.length
      if (left <= 0) resolve(now() - startedMs)
    }
    stream.socket.write(ECHO)
  })
}

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms)
  })

type Of<Kind extends LoadCommand['kind']> = Extract<LoadCommand, { kind: Kind }>

async function runTransfer(command: Of<'transfer'>, open: Open): Promise<LoadResult> {
  const { direction, bytes, streams, user } = command
  const all = Array.from({ length: streams }, (_each, index) =>
    open(streams === 1 ? user : `${user}-${index}`),
  )
  const move = direction === 'down' ? download : upload
  const settled = await Promise.allSettled(all.map((stream) => move(stream, bytes)))
  for (const stream of all) stream.close()
  const times = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const firstMs = Math.min(...times.map((each) => each.firstMs))
  const lastMs = Math.max(...times.map((each) => each.lastMs))
  const seconds = times.length === 0 ? 0 : (lastMs - firstMs) / 1000
  return { seconds, bytes: bytes * times.length, latenciesMs: [], failures: streams - times.length }
}

/**
 * Relays send in steps of their coarse clock's tick (4 or 10 ms), and what was answered in a tick begins the next request
 * in step with it: with equal gaps all requests of a run would meet the same phase, and a client that takes a millisecond
 * longer would be charged with a whole tick or with none. Gaps that differ meet all phases alike.
 */
const SPREAD_MS = 20
const GOLDEN = 0.618_033_988_749_895

async function runConnect(command: Of<'connect'>, open: Open): Promise<LoadResult> {
  const { count, atOnce, gapMs, user } = command
  const latenciesMs: number[] = []
  let failures = 0
  let started = 0
  const worker = async (): Promise<void> => {
    while (started < count) {
      started++
      if (gapMs > 0) await sleep(gapMs + SPREAD_MS * ((started * GOLDEN) % 1))
      const stream = open(user)
      try {
        await stream.connected
        latenciesMs.push(now() - stream.startedMs)
      } catch {
        failures++
      }
      // A spaced connection's end must not fall together with the next one's beginning.
      if (gapMs > 0) await sleep(gapMs / 2)
      stream.close()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return { seconds: 0, bytes: 0, latenciesMs, failures }
}

/** Streams that stay open between two commands. */
const held: LoadStream[] = []

async function runHold(command: Of<'hold'>, open: Open): Promise<LoadResult> {
  let started = 0
  let failures = 0
  const worker = async (): Promise<void> => {
    while (started < command.count) {
      started++
      const stream = open(command.user)
      try {
        await stream.connected
        held.push(stream)
      } catch {
        failures++
      }
    }
  }
  await Promise.all(Array.from({ length: command.atOnce }, worker))
  return { seconds: 0, bytes: 0, latenciesMs: [], failures }
}

function runRelease(): LoadResult {
  for (const stream of held.splice(0)) stream.close()
  return { seconds: 0, bytes: 0, latenciesMs: [], failures: 0 }
}

async function runFirstByte(command: Of<'first-byte'>, open: Open): Promise<LoadResult> {
  const latenciesMs: number[] = []
  let failures = 0
  for (let index = 0; index < command.count; index++) {
    const stream = open(`${command.user}-${index}`)
    try {
      const { firstMs } = await download(stream, 400)
      latenciesMs.push(firstMs - stream.startedMs)
    } catch {
      failures++
    }
    stream.onClose = () => undefined
    stream.close()
  }
  return { seconds: 0, bytes: 0, latenciesMs, failures }
}

async function runUploadAndEcho(command: Of<'upload-and-echo'>, open: Open): Promise<LoadResult> {
  const echo = open(command.user)
  await echo.connected
  echo.socket.write(header('E', 0))
  await roundTrip(echo)
  const stream = open(command.user)
  let isUploading = true
  const uploaded = upload(stream, command.bytes).finally(() => {
    isUploading = false
  })
  const latenciesMs: number[] = []
  const echoes = (async (): Promise<void> => {
    while (isUploading) {
      latenciesMs.push(await roundTrip(echo))
      await sleep(command.gapMs)
    }
  })()
  const { firstMs, lastMs } = await uploaded
  await echoes
  for (const each of [echo, stream]) each.close()
  return { seconds: (lastMs - firstMs) / 1000, bytes: command.bytes, latenciesMs, failures: 0 }
}

function run(request: LoadRequest): Promise<LoadResult> {
  const { command, socksPort, targetPort } = request
  const open: Open = (user) => new LoadStream(socksPort, targetPort, user)
  switch (command.kind) {
    case 'transfer':
      return runTransfer(command, open)
    case 'connect':
      return runConnect(command, open)
    case 'hold':
      return runHold(command, open)
    case 'release':
      return Promise.resolve(runRelease())
    case 'first-byte':
      return runFirstByte(command, open)
    case 'upload-and-echo':
      return runUploadAndEcho(command, open)
  }
}

process.on('message', (request: LoadRequest) => {
  const answer = (reply: LoadReply): void => {
    process.send?.(reply)
  }
  run(request).then(
    (result) => answer({ id: request.id, result }),
    (error: unknown) => answer({ id: request.id, error: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
// A stream that breaks is counted where it was started.
process.on('unhandledRejection', () => undefined)
process.send?.('ready')
