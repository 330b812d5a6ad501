/**
 * A front door on loopback, an application that says what the script says, and a client that opens its streams: whatever
 * happens, nothing is left open afterwards, and the application is never sent what it did not ask for.
 */
import type { ListenerOptions } from '../../../core/proxy/listener-options.ts'
import { TorError } from '../../../core/util/errors.ts'
import { FakeOpener } from '../../unit/proxy/fake-opener.ts'
import { App, listen, until } from '../../unit/proxy/support.ts'
import { mustHold } from '../engine/target.ts'
import type { Script } from './script.ts'

const MOST_STEPS = 40

export async function runPort(
  protocol: ListenerOptions['protocol'],
  words: readonly string[],
  script: Script,
): Promise<void> {
  const opener = new FakeOpener()
  const listener = await listen(opener, { protocol })
  const app = new App(listener)
  try {
    await until(() => app.socket.readyState === 'open' || app.isClosed)
    for (let step = 0; step < MOST_STEPS && !script.isOver; step++) await act(script, words, app, opener)
    app.socket.end()
    await turn()
  } finally {
    app.socket.destroy()
    await until(() => app.isClosed)
    for (const stream of opener.streams) stream.closeFromRelay()
    await listener.close()
  }
  await turn()
  const left = opener.streams.filter((stream) => stream.destroyedWith === 'not-destroyed' && !stream.hasEnded)
  mustHold(left.length === 0 || opener.asked.length > 0, 'a stream without a request')
}

async function act(script: Script, words: readonly string[], app: App, opener: FakeOpener): Promise<void> {
  const stream = opener.streams.at(-1)
  switch (script.below(12)) {
    case 0:
    case 1:
    case 2:
      return app.send(script.pick(words) ?? '')
    case 3:
    case 4:
      return app.send(script.take(script.u8()))
    case 5:
      return stream?.deliver(Buffer.from(script.pick(ANSWERS) ?? '', 'latin1'))
    case 6:
      return stream?.deliver(Buffer.from(script.take(1 + script.u8())))
    case 7:
      return script.below(2) === 0 ? stream?.endFromRelay() : stream?.closeFromRelay(failure(script))
    case 8:
      opener.failure = opener.failure === undefined ? failure(script) : undefined
      return
    case 9:
      if (stream !== undefined) stream.mayWrite = false
      opener.mayWrite = !opener.mayWrite
      return
    case 10:
      return stream?.drain()
    default:
      return turn()
  }
}

const ANSWERS = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.0 200 OK\r\n\r\nuntil the end',
  'HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n',
]

function failure(script: Script): TorError {
  const kind = script.pick(['timeout', 'connect-failed', 'closed', 'exit-policy', 'resolve-failed'] as const)
  return new TorError(kind ?? 'timeout', 'the script says so')
}

/** What is under way in this process arrives. */
async function turn(): Promise<void> {
  for (let left = 0; left < 4; left++) await new Promise((resolve) => setImmediate(resolve))
}
