/**
 * The connection doctor in the real app, asking servers on this computer through a core host of its own; and bridges to a
 * file and back, with the system's dialogs answered by the test.
 */
import { generateKeyPairSync } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, describe, expect, inject, it } from 'vitest'
import type { DoctorTargets } from '../../electron/doctor/doctor-targets.ts'
import { selfSignedCertificate, toPem } from '../network/der-writer.ts'
import { createHome } from './support/app-home.ts'
import { launchApp, type RunningApp } from './support/launch-app.ts'
import { coreProcess, processTree } from './support/process-tree.ts'

const HOST = '127.0.0.1'
const DAY_MS = 86_400_000
const LINE = '192.0.2.14:9001 0123456789ABCDEF0123456789ABCDEF01234567'
const PASSPHRASE = 'four odd words together'
const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  cleanUps.push(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** A small Internet on this computer: what the doctor asks, and how often anybody was asked. */
async function startServers(): Promise<{ targets: DoctorTargets; asked: () => number }> {
  let asked = 0
  const note = (): void => void asked++
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ca = toPem(
    selfSignedCertificate(privateKey, {
      commonName: 'web.test',
      notBeforeMs: Date.now() - DAY_MS,
      notAfterMs: Date.now() + DAY_MS,
    }),
  )
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
  const web = await listen(
    createTlsServer({ key, cert: ca }).on('connection', note).on('tlsClientError', note),
  )
  const portal = await listen(
    createHttpServer((_, response) => {
      note()
      response.end('success\n')
    }),
  )
  const stun = createSocket('udp4')
  await new Promise<void>((resolve) => stun.bind(0, HOST, resolve))
  cleanUps.push(() => void stun.close())
  stun.on('message', (request, from) => {
    note()
    const answer = Buffer.from(request)
    answer.writeUInt16BE(0x0101, 0)
    stun.send(answer, from.port, from.address)
  })
  const closed = createServer()
  const closedPort = await listen(closed)
  await new Promise((resolve) => closed.close(resolve))
  const targets: DoctorTargets = {
    portal: [{ url: `http://${HOST}:${portal}/success.txt`, status: 200, body: 'success' }],
    missingName: null,
    knownNames: [{ name: 'localhost', addresses: [HOST] }],
    torNames: [],
    servers: [{ host: HOST, port: web, name: 'web.test' }],
    stun: [{ host: HOST, port: stun.address().port }],
    ports: [{ host: HOST, port: closedPort }],
    ca,
  }
  return { targets, asked: () => asked }
}

async function openApp(settings: object, targets?: DoctorTargets): Promise<RunningApp> {
  const home = createHome({ network: inject('network'), settings: { ...settings } })
  cleanUps.push(() => home.remove())
  const file = join(home.folder, 'doctor.json')
  if (targets !== undefined) writeFileSync(file, JSON.stringify(targets))
  const app = await launchApp(home, targets === undefined ? {} : { env: { ALLIUM_DOCTOR_FILE: file } })
  cleanUps.push(() => app.close())
  return app
}

describe('the connection doctor', () => {
  it('asks through a process of its own, without a core, and finds the one thing that is wrong', async () => {
    const { targets, asked } = await startServers()
    const app = await openApp({ entry: 'direct' }, targets)
    await app.page.locator('nav button[data-view="bridges"]').click()
    await app.page.getByRole('button', { name: 'Check my connection' }).click()
    await app.page.getByRole('button', { name: 'Check now' }).click()
    const { doctor, connection } = await app.waitForSnapshot(
      'the end',
      (now) => now.doctor.ranAtMs !== undefined,
    )
    const verdicts = Object.fromEntries(doctor.results.map(({ check, verdict }) => [check, verdict]))
    expect(verdicts).toEqual({
      link: 'good',
      proxy: 'not-used',
      portal: 'good',
      tcp: 'good',
      clock: 'good',
      names: 'good',
      tls: 'good',
      udp: 'good',
      ports: 'bad',
    })
    expect(asked()).toBeGreaterThanOrEqual(4)
    expect(connection.state).toBe('off')
    await expect.poll(() => coreProcess(processTree(app.pid))).toBeUndefined()
    await app.page.getByRole('dialog').getByText('One thing is in the way').waitFor()
  })

  it('sends nothing for whoever hides, unless they agree to that run', async () => {
    const { targets, asked } = await startServers()
    const app = await openApp({ entry: 'hide', useBridges: true }, targets)
    expect(await app.invoke('doctor.run', { maySend: false })).toMatchObject({ ok: true })
    expect(asked()).toBe(0)
    expect((await app.snapshot()).doctor).toMatchObject({ mustAsk: true, hasSent: false })
    expect(await app.invoke('doctor.run', { maySend: true })).toMatchObject({ ok: true })
    expect(asked()).toBeGreaterThan(0)
  })

  it('asks nobody on a network of one’s own', async () => {
    const app = await openApp({ entry: 'direct' })
    await app.invoke('doctor.run', { maySend: true })
    const { doctor } = await app.snapshot()
    expect(doctor.hasSent).toBe(false)
    expect(doctor.results.find(({ check }) => check === 'tcp')).toMatchObject({ finding: 'no-servers' })
  })
})

it('bridges go to a sealed file that only their owner may read, and come back by the passphrase', async () => {
  const app = await openApp({ entry: 'direct' })
  const path = join(createHomeFolder(), 'a list')
  await app.electron.evaluate(({ dialog }, filePath) => {
    Object.assign(dialog, {
      showSaveDialog: async () => ({ canceled: false, filePath }),
      showOpenDialog: async () => ({ canceled: false, filePaths: [filePath] }),
    })
  }, path)
  await app.invoke('bridges.add', LINE)
  await app.page.locator('nav button[data-view="bridges"]').click()
  await app.page.getByRole('button', { name: 'Save to a file…' }).click()
  await app.page.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE)
  await app.page.getByLabel('The passphrase once more').fill(PASSPHRASE)
  await app.page.getByRole('button', { name: 'Choose a place…' }).click()
  await app.page.getByRole('dialog').waitFor({ state: 'detached' })
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readFileSync(path, 'utf8')).not.toContain('192.0.2.14')

  const { bridges } = await app.snapshot()
  await app.invoke('bridges.remove', [bridges.bridges[0]?.id ?? ''])
  await app.page.getByRole('button', { name: 'Add bridges' }).click()
  await app.page.getByRole('button', { name: 'From a file…' }).click()
  await app.page.getByLabel('Passphrase of the file').fill(PASSPHRASE)
  await app.page.getByRole('button', { name: 'Open the file' }).click()
  await app.page.getByText('One line can be added').waitFor()
  await app.page.getByRole('button', { name: 'Continue' }).click()
  await app.page.getByRole('button', { name: 'Add bridge', exact: true }).click()
  await app.waitForSnapshot('the bridge', (now) => now.bridges.bridges[0]?.line === LINE)
})

/** Gone with the test. */
function createHomeFolder(): string {
  const home = createHome()
  cleanUps.push(() => home.remove())
  return home.folder
}
