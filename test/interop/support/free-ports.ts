/** Free loopback ports for processes that cannot pick their own and tell us. */
import { createServer, type Server } from 'node:net'

function listenAnywhere(): Promise<{ server: Server; port: number }> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') reject(new Error('no TCP address'))
      else resolve({ server, port: address.port })
    })
  })
}

/** `count` different ports that were free a moment ago; all are held until the last is known, so none comes twice. */
export async function findFreePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, listenAnywhere))
  await Promise.all(held.map(({ server }) => new Promise((resolve) => server.close(resolve))))
  return held.map(({ port }) => port)
}

/** Hands out ports found by `findFreePorts` one by one. */
export class PortPool {
  readonly #ports: number[]

  constructor(ports: readonly number[]) {
    this.#ports = [...ports]
  }

  take(): number {
    const port = this.#ports.pop()
    if (port === undefined) throw new Error('the port pool is empty')
    return port
  }
}
