/**
 * What another program makes of the system's setting: a second Electron, whose Chromium asks the desktop like any
 * other browser. It runs all the time and must see each change without being started again.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { systemClock } from '../../electron/clock.ts'
import { createSystemProxy } from '../../electron/system-proxy/create-system-proxy.ts'
import { waitFor } from '../interop/support/waiting.ts'
import { type SessionBus, startSessionBus } from '../support/session-bus.ts'

const ANSWER_LIMIT_MS = 40_000
const PORT = 9251
/** Says how it would go to each address, whenever that changes. */
const ORACLE = `
const { app, session } = require('electron')
app.disableHardwareAcceleration()
void app.whenReady().then(async () => {
  let last = ''
  for (;;) {
    const ways = []
    for (const url of ['http://a.example/', 'https://a.example/', 'http://192.168.1.1/', 'http://localhost/']) {
      ways.push(await session.defaultSession.resolveProxy(url))
    }
    const now = ways.join(', ')
    if (now !== last) console.log('way: ' + now)
    last = now
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
})
`
const THROUGH = `PROXY 127.0.0.1:${PORT}`
const DIRECTLY = 'DIRECT, DIRECT, DIRECT, DIRECT'
const ALL_BUT_OURSELVES = `${THROUGH}, ${THROUGH}, ${THROUGH}, DIRECT`
const ALL_BUT_THE_LAN = `${THROUGH}, ${THROUGH}, DIRECT, DIRECT`

let bus: SessionBus
let oracle: ChildProcess | undefined

afterEach(async () => {
  if (oracle !== undefined && oracle.exitCode === null) {
    oracle.kill('SIGKILL')
    await once(oracle, 'exit')
  }
  oracle = undefined
  await bus.close()
})

/** Every answer so far, the newest last. */
function startOracle(): readonly string[] {
  const folder = join(bus.home, 'oracle')
  mkdirSync(folder)
  writeFileSync(join(folder, 'main.cjs'), ORACLE)
  const about = { name: 'oracle', productName: 'Oracle', desktopName: 'oracle.desktop', version: '1.0.0' }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...about, main: 'main.cjs' }))
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  oracle = spawn(inject('electron').executable, [...root, '--disable-gpu', folder], {
    env: { ...bus.env, DISPLAY: inject('display'), KDE_SESSION_VERSION: '5' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const answers: string[] = []
  if (oracle.stdout !== null) {
    createInterface(oracle.stdout).on('line', (line) => {
      if (line.startsWith('way: ')) answers.push(line.slice('way: '.length))
    })
  }
  return answers
}

/** A desktop may write its values one by one, and a browser may look in between: only whole settings count, each once. */
function turnsAmong(answers: readonly string[]): readonly string[] {
  const whole = answers.filter((way) => [DIRECTLY, ALL_BUT_OURSELVES, ALL_BUT_THE_LAN].includes(way))
  return whole.filter((way, at) => way !== whole[at - 1])
}

describe.each(['GNOME', 'X-Cinnamon', 'KDE'])('a browser that runs in %s', (desktop) => {
  it('goes through us while the system proxy is on, and directly before and after', async () => {
    bus = await startSessionBus(desktop)
    // A Chromium that was started where there was no such file yet does not see one that is made later.
    mkdirSync(join(bus.home, '.config'), { recursive: true })
    writeFileSync(join(bus.home, '.config', 'kioslaverc'), '[Proxy Settings]\nProxyType=0\n')
    const answers = startOracle()
    const says = (way: string): Promise<true> =>
      waitFor(way, ANSWER_LIMIT_MS, () => (answers.at(-1) === way ? true : undefined))
    const proxy = createSystemProxy({
      platform: 'linux',
      env: bus.env,
      dataFolder: join(bus.home, 'data'),
      clock: systemClock,
      publish: () => undefined,
      log: () => undefined,
      knownDoors: () => [],
    })
    await says(DIRECTLY)
    const door = { host: '127.0.0.1', port: PORT }
    await proxy.apply({ ...door, exceptions: { loopback: true, lan: false } })
    await says(ALL_BUT_OURSELVES)
    await proxy.apply({ ...door, exceptions: { loopback: true, lan: true } })
    await says(ALL_BUT_THE_LAN)
    await proxy.restore()
    proxy.close()
    await says(DIRECTLY)
    expect(turnsAmong(answers)).toEqual([DIRECTLY, ALL_BUT_OURSELVES, ALL_BUT_THE_LAN, DIRECTLY])
  })
})
