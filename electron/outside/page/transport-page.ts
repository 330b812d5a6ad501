/** The script of the hidden pages: takes the port from the preload script, and does what main says on it. */
import type { FromPage, ToPage } from '../page-messages.ts'
import { PAGE_PORT } from '../page-port.ts'
import { AnswerTooLong, fetchWeb } from './fetch-web.ts'
import { Peer } from './peer.ts'

/** What ends each, by main's number for it. */
const running = new Map<number, () => void>()

function serve(port: MessagePort): void {
  const say = (message: FromPage): void => port.postMessage(message)
  port.addEventListener('message', ({ data, ports }: MessageEvent<ToPage>) => {
    if (data.kind === 'cancel') return running.get(data.id)?.()
    if (data.kind === 'fetch') return startFetch(data, say)
    const [own] = ports
    if (own !== undefined) startPeer(data, own, say)
  })
  port.start()
}

function startFetch(job: Extract<ToPage, { kind: 'fetch' }>, say: (message: FromPage) => void): void {
  const { id } = job
  const abort = new AbortController()
  running.set(id, () => abort.abort())
  fetchWeb(job, abort)
    .then(
      (body) => say({ kind: 'fetched', id, body }),
      (error: unknown) =>
        say({ kind: 'not-fetched', id, why: error instanceof AnswerTooLong ? 'too-long' : 'failed' }),
    )
    .finally(() => running.delete(id))
}

function startPeer(
  { id, iceServers, label }: Extract<ToPage, { kind: 'peer' }>,
  port: MessagePort,
  say: (message: FromPage) => void,
): void {
  const peer = new Peer(port, iceServers, label, () => {
    running.delete(id)
    say({ kind: 'peer-closed', id })
  })
  running.set(id, () => peer.end('lost'))
}

addEventListener('message', ({ source, data, ports }) => {
  const [port] = ports
  if (source === window && data === PAGE_PORT && port !== undefined) serve(port)
})
