/** The rig's core host: the outside as the real core gets it, and a test's questions to it. */
import '../../../../electron/host/polyfill.ts'
import { createHash, randomBytes } from 'node:crypto'
import {
  dialName,
  isTorError,
  lookUpName,
  type PeerChannel,
  plainWebRequester,
  systemClock,
  systemRandom,
  type WebRequest,
} from '../../../../core/index.ts'
import { chromiumOutside } from '../../../../electron/host/chromium-outside.ts'
import { OUTSIDE_PORT } from '../../../../electron/host/protocol.ts'
import type { Port } from '../../../../electron/outside/port.ts'

export type RigQuestion =
  | {
      readonly kind: 'web'
      readonly request: Omit<WebRequest, 'body'> & { readonly body?: string }
      readonly limitMs: number
    }
  | { readonly kind: 'offer'; readonly iceServers: readonly string[]; readonly keepsLocalCandidates: boolean }
  | { readonly kind: 'accept'; readonly sdp: string }
  /** Sends so many bytes and waits until as many have come back. */
  | { readonly kind: 'echo'; readonly bytes: number }
  | { readonly kind: 'close' }

let onPort: (port: Port) => void = () => undefined
const outsidePort = new Promise<Port>((resolve) => {
  onPort = resolve
})
const { webRequest, connectPeer } = chromiumOutside(outsidePort, {
  dial: (target, proxy, signal) =>
    dialName(target.host, target.port, { proxy, localAddress: undefined }, systemClock, signal),
  lookUp: lookUpName,
  plainWebRequest: plainWebRequester(systemClock, systemRandom),
})

let offer: Awaited<ReturnType<NonNullable<typeof connectPeer>>> | undefined
let channel: PeerChannel | undefined
let onBytes: (bytes: Buffer) => void = () => undefined
let onDrain: () => void = () => undefined
const ends: string[] = []

async function answer(question: RigQuestion): Promise<unknown> {
  switch (question.kind) {
    case 'web': {
      const { body, ...request } = question.request
      const whole = { ...request, body: body === undefined ? undefined : Buffer.from(body) }
      const response = await webRequest?.(whole, AbortSignal.timeout(question.limitMs))
      return { status: response?.status, body: response?.body.toString('latin1') }
    }
    case 'offer':
      offer = await connectPeer?.({ ...question, label: 'a label' }, AbortSignal.timeout(30_000))
      return { sdp: offer?.sdp }
    case 'accept': {
      const sink = {
        onMessage: (bytes: Buffer) => onBytes(bytes),
        onDrain: () => onDrain(),
        onClose: (reason: string) => void ends.push(reason),
      }
      channel = await offer?.accept(question.sdp, sink, AbortSignal.timeout(30_000))
      return { open: true }
    }
    case 'echo':
      return echo(question.bytes)
    case 'close':
      channel?.close()
      return { ends }
  }
}

async function echo(length: number): Promise<unknown> {
  const [sent, received] = [createHash('sha256'), createHash('sha256')]
  let left = length
  let missing = length
  const done = new Promise<void>((resolve) => {
    onBytes = (bytes) => {
      received.update(bytes)
      missing -= bytes.length
      if (missing <= 0) resolve()
    }
  })
  while (left > 0) {
    const message = randomBytes(Math.min(left, 16_384))
    sent.update(message)
    left -= message.length
    if (channel?.send(message) === false) {
      await new Promise<void>((resolve) => {
        onDrain = resolve
      })
    }
  }
  await done
  return { same: sent.digest('hex') === received.digest('hex'), ends }
}

const port = process.parentPort
const say = (message: unknown): void => port.postMessage(message)

port.on('message', ({ data, ports: [given] }) => {
  if (data === OUTSIDE_PORT && given !== undefined) return onPort(given)
  const { id, question } = data as { id: number; question: RigQuestion }
  setImmediate(() => {
    answer(question).then(
      (value) => say({ id, answer: value }),
      (error: unknown) =>
        say({
          id,
          answer: isTorError(error)
            ? { kind: error.kind, detail: error.message }
            : { kind: 'other', detail: String(error) },
        }),
    )
  })
})
say({ pid: process.pid })
