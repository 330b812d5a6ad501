/** The streams that the client opens on a circuit, or a set, as the script says. */
import { DataStream } from '../../../core/stream/data-stream.ts'
import { resolveName, resolvePointer } from '../../../core/stream/resolve-stream.ts'
import type { Tunnel } from '../../../core/circuit/tunnel.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { mustHold } from '../engine/target.ts'
import type { Promises, Script } from './script.ts'

export class ClientStreams {
  readonly #script: Script
  readonly #promises: Promises
  readonly #streams: DataStream[] = []
  /** What a stream gives to its reader, behind so many bytes. */
  readonly #onData: (data: Buffer, behindBytes: number) => void
  #isSinkReady = true

  constructor(
    script: Script,
    promises: Promises,
    onData: (data: Buffer, behindBytes: number) => void = () => {},
  ) {
    this.#script = script
    this.#promises = promises
    this.#onData = onData
  }

  open(tunnel: Tunnel): void {
    const script = this.#script
    const kind = script.below(4)
    if (!tunnel.isOpen) return
    if (kind === 0) return void this.#promises.watch('resolve', resolveName(tunnel, 'a.example', false))
    if (kind === 1) return void this.#promises.watch('pointer', resolvePointer(tunnel, '192.0.2.1'))
    const deps = { random: seededRandom(9), allowInternalAddresses: false }
    const begin = { kind: 'begin', host: 'a.example', port: 80, flags: 0 } as const
    const initialData = script.take(script.below(30))
    const onBegun = (stream: DataStream): void => void stream.write(initialData)
    const opening = DataStream.open(tunnel, begin, deps, { onBegun })
    void this.#promises.watch('stream', opening).then((stream) => {
      if (stream !== undefined) this.#take(stream)
    })
  }

  write(): void {
    const stream = this.#script.pick(this.#streams)
    stream?.write(Buffer.alloc(this.#script.u16(), 0x63))
  }

  /** False when there is none. */
  end(): boolean {
    const index = this.#script.u8()
    const stream = this.#streams[index % Math.max(1, this.#streams.length)]
    if (stream === undefined) return false
    if (index % 2 === 0) stream.end()
    else stream.destroy()
    return true
  }

  /** Whoever reads the data stops, or goes on. */
  turnReading(): void {
    this.#isSinkReady = !this.#isSinkReady
    if (this.#isSinkReady) for (const stream of this.#streams) stream.resumeReading()
  }

  /** Nobody wants what they still hold. */
  destroyAll(): void {
    for (const stream of this.#streams) stream.destroy()
  }

  #take(stream: DataStream): void {
    this.#streams.push(stream)
    let isClosed = false
    let takenBytes = 0
    stream.setSink({
      onData: (data) => {
        mustHold(!isClosed, 'data after the end')
        this.#onData(data, takenBytes)
        takenBytes += data.length
        return this.#isSinkReady
      },
      onEnd: () => {},
      onDrain: () => {},
      onClose: () => {
        mustHold(!isClosed, 'closed twice')
        isClosed = true
      },
    })
  }
}
