/** An obfs4 server before a relay of a test network: what it unwraps goes on to the relay, and back. */
import { connect, type Socket } from 'node:net'
import { framesOf, ListeningObfs4Server } from './obfs4-server.ts'

export interface Obfs4Front {
  /** The bridge line's words before and behind its fingerprint. */
  line(fingerprint: string): string
  readonly port: number
  close(): Promise<void>
}

/** `wallMs` is the time by which it judges requests. */
export async function startObfs4Front(host: string, port: number, wallMs: number): Promise<Obfs4Front> {
  const server = await ListeningObfs4Server.start()
  server.wallMs = wallMs
  const behind = new Map<Socket, Socket>()
  server.script = {
    onPayload(payload, session, socket) {
      let relay = behind.get(socket)
      if (relay === undefined) {
        relay = connect(port, host)
        relay.on('data', (bytes) => socket.write(framesOf(session, bytes)))
        relay.on('error', () => {})
        relay.on('close', () => socket.destroy())
        socket.on('close', () => behind.get(socket)?.destroy())
        behind.set(socket, relay)
      }
      relay.write(payload)
    },
  }
  return {
    port: server.port,
    line: (fingerprint) => server.line().replace(' cert=', ` ${fingerprint} cert=`),
    close: () => server.close(),
  }
}
