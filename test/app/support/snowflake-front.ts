/** What a CDN does before Snowflake's broker: takes TLS for its own name, and goes by the Host. */
import { createServer } from 'node:https'
import { request as plainRequest } from 'node:http'
import type { SnowflakePeer } from '../../interop/support/snowflake-peer.ts'
import { TEST_CERTIFICATE, TEST_KEY } from '../../support/web-certificates.ts'

export interface SnowflakeFront {
  readonly port: number
  /** Of each request, in order. */
  readonly hosts: readonly string[]
  /** The peer's line, by this front, which is reached at `port`. */
  lineAt(port: number): string
  close(): void
}

/** Named in the request alone. */
export const HIDDEN_BROKER = 'broker.example'

export async function startSnowflakeFront({ broker, line }: SnowflakePeer): Promise<SnowflakeFront> {
  const hosts: string[] = []
  const server = createServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, (request, response) => {
    hosts.push(request.headers.host ?? '')
    const { method, url: path, headers } = request
    const inner = plainRequest({ port: broker.port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500)
      answer.pipe(response)
    })
    inner.on('error', () => response.destroy())
    request.pipe(inner)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    hosts,
    lineAt: (port) => line.replace(broker.url, `https://${HIDDEN_BROKER}:${port}/ fronts=localhost`),
    close: () => server.close(),
  }
}
