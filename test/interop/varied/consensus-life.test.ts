/** The authorities vote every 20 seconds: the client keeps up, by diffs, and its circuits live on. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type ClientProcess, startClient } from '../support/client-process.ts'
import { curl } from '../support/curl.ts'
import { expectNoProtocolWarnings, viaSocks } from '../support/fixture.ts'
import { startWebServer, type TestServer } from '../support/test-servers.ts'
import { clientLines } from '../support/tor-network.ts'

expectNoProtocolWarnings()

const DIFF_LIMIT_MS = 110_000
let client: ClientProcess
let web: TestServer

beforeAll(async () => {
  web = await startWebServer()
  client = await startClient([...clientLines(inject('network')), 'Log [dir]info stdout'])
})

afterAll(async () => {
  await client.end('SIGKILL')
  client.home.remove()
  await web.close()
})

test('a new consensus comes as a diff from a real cache, is believed, and requests go on', async () => {
  await client.waitForLog(/new consensus of \d+ bytes came as a diff/, DIFF_LIMIT_MS)
  const result = await curl(...viaSocks(client), `http://127.0.0.1:${web.port}/`)
  expect(result).toEqual({ exitCode: 0, body: 'hello', errors: '' })
})
