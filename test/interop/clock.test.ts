/** A wrong clock: what is tolerable works and is named; what is not is named too, by how much and which way. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { ClientProcess, createClientHome } from './support/client-process.ts'
import { curl } from './support/curl.ts'
import { FakeTime } from './support/fake-time.ts'
import { expectNoProtocolWarnings, viaSocks } from './support/fixture.ts'
import { startWebServer, type TestServer } from './support/test-servers.ts'
import { clientLines } from './support/tor-network.ts'
import { sleep } from './support/waiting.ts'

expectNoProtocolWarnings()

const HOUR = 3600
const DAY = 24 * HOUR

let web: TestServer
let scratch: string
let client: ClientProcess | undefined

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'allium-clock-'))
  web = await startWebServer()
})

afterEach(async () => {
  await client?.end('SIGKILL')
  client?.home.remove()
  client = undefined
})

afterAll(async () => {
  await web.close()
  rmSync(scratch, { recursive: true, force: true })
})

async function startWithClock(time: FakeTime): Promise<ClientProcess> {
  const home = await createClientHome(clientLines(inject('network')))
  client = new ClientProcess(home, undefined, [], time.env)
  return client
}

const timeFile = (name: string): string => join(scratch, name)

async function expectService(started: ClientProcess): Promise<void> {
  const result = await curl(...viaSocks(started), `http://127.0.0.1:${web.port}/`)
  expect(result).toEqual({ exitCode: 0, body: 'hello', errors: '' })
}

describe('a clock that is three hours off', () => {
  test.each([
    ['ahead', 3 * HOUR],
    ['behind', -3 * HOUR],
  ])('(%s) does not keep the client from connecting, and is named', async (way, offset) => {
    const started = await startWithClock(new FakeTime(timeFile(way), offset))
    await started.bootstrapped()
    await expectService(started)
    expect(started.log).toMatch(
      new RegExp(`clock.*(3(\\.\\d)?|2\\.9) hours.*${way}|clock is ${way} by.*3`, 'i'),
    )
  })
})

describe('a clock that is far off', () => {
  test.each([
    ['ahead', 40 * DAY],
    ['behind', -40 * DAY],
  ])('(%s) is named as what holds the client up', async (way, offset) => {
    const started = await startWithClock(new FakeTime(timeFile(`far-${way}`), offset))
    await started.waitForLog(new RegExp(`clock.*${way}`, 'i'), 60_000)
    expect(started.log).not.toMatch(/Bootstrapped 100%/)
  })
})

describe('a computer that slept', () => {
  test('serves its applications again when it wakes, without an error that a user must understand', async () => {
    const time = new FakeTime(timeFile('sleep'), 0)
    const started = await startWithClock(time)
    await started.bootstrapped()
    await expectService(started)
    process.kill(started.pid, 'SIGSTOP')
    await sleep(5_000)
    time.jumpTo(HOUR)
    process.kill(started.pid, 'SIGCONT')
    await expectService(started)
    expect(started.log).not.toMatch(/\[err\]/)
  })
})
