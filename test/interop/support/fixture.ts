/** What most test files share: the network, one connected client, a web server; and at the end no relay may complain. */
import { afterAll, beforeAll, expect, inject } from 'vitest'
import { type ClientProcess, startClient } from './client-process.ts'
import { WarningCollector } from './protocol-warnings.ts'
import { startWebServer, type TestServer } from './test-servers.ts'
import { clientLines, type TorNetworkRecord } from './tor-network.ts'

/** Fails the file when C tor's relays warned of anything while it ran. */
export function expectNoProtocolWarnings(): void {
  let collector: WarningCollector | undefined
  beforeAll(() => {
    collector = new WarningCollector(inject('network'))
  })
  afterAll(() => {
    expect(collector?.protocolWarnings()).toEqual([])
  })
}

export interface Fixture {
  readonly network: TorNetworkRecord
  readonly client: ClientProcess
  readonly web: TestServer
}

/** Sets the fixture up before the file's tests; call the result inside tests only. */
export function useFixture(extraLines: readonly string[] = []): () => Fixture {
  expectNoProtocolWarnings()
  let fixture: Fixture | undefined
  beforeAll(async () => {
    const network = inject('network')
    const web = await startWebServer()
    fixture = { network, web, client: await startClient([...clientLines(network), ...extraLines]) }
  })
  afterAll(async () => {
    await fixture?.client.end('SIGKILL')
    fixture?.client.home.remove()
    await fixture?.web.close()
  })
  return () => {
    if (fixture === undefined) throw new Error('the fixture is not set up')
    return fixture
  }
}

/** curl's option for the client's SOCKS port, names resolved by the exit. */
export function viaSocks(client: ClientProcess, user?: string): string[] {
  const who = user === undefined ? '' : `${user}:x@`
  return ['--proxy', `socks5h://${who}127.0.0.1:${client.socksPort}`]
}
