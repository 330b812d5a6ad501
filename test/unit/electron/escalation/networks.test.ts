/** Which network this is, what is kept of it, and where the person probably is: without asking anybody. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { COUNTRY_MAP, mappedSettings } from '../../../../electron/escalation/country-map.ts'
import { guessCountry } from '../../../../electron/escalation/country-guess.ts'
import { identifyNetwork, type NetworkSigns } from '../../../../electron/escalation/network-identity.ts'
import { NetworkMemory, networkMemoryFile } from '../../../../electron/escalation/network-memory.ts'
import type { WorkedWay } from '../../../../electron/escalation/plan.ts'
import { OBFS4, SNOWFLAKE } from './way-rig.ts'

const SECRET = randomBytes(32)
const NOW_MS = 1_790_000_000_000
const ID = 'a'.repeat(32)

function worked(lines: readonly string[] | undefined, workedMs = NOW_MS): WorkedWay {
  return { lines, workedMs, hasDirectFailed: false }
}

const ROUTE = (gateway: string): string =>
  `Iface\tDestination\tGateway\tFlags\nwlan0\t00000000\t${gateway}\t0003\nwlan0\t0001A8C0\t00000000\t0001\n`
const ARP = (hardware: string): string =>
  `IP address HW type Flags HW address Mask Device\n192.168.1.1 0x1 0x2 ${hardware} * wlan0\n`

function signs(files: Readonly<Record<string, string>>, address = '192.168.1.23'): NetworkSigns {
  const v4 = {
    address,
    netmask: '255.255.255.0',
    family: 'IPv4',
    mac: '',
    internal: false,
    cidr: null,
  } as const
  const local = { ...v4, address: '127.0.0.1', internal: true } as const
  return { readFile: (path) => files[path], interfaces: () => ({ lo: [local], wlan0: [v4] }) }
}

const HOME = { '/proc/net/route': ROUTE('0101A8C0'), '/proc/net/arp': ARP('aa:bb:cc:00:11:22') }

describe('the identity of a network', () => {
  it('is the default gateway’s, whatever address this computer has in it', () => {
    const home = identifyNetwork(signs(HOME), SECRET)
    expect(home).toMatch(/^[0-9a-f]{32}$/)
    expect(identifyNetwork(signs(HOME, '192.168.1.77'), SECRET)).toBe(home)
    const cafe = { ...HOME, '/proc/net/arp': ARP('aa:bb:cc:00:11:33') }
    expect(identifyNetwork(signs(cafe), SECRET)).not.toBe(home)
  })

  it('is that of the subnets where the gateway is not known', () => {
    const one = identifyNetwork(signs({}), SECRET)
    expect(one).toBeDefined()
    expect(identifyNetwork(signs({}, '192.168.1.99'), SECRET)).toBe(one)
    expect(identifyNetwork(signs({}, '192.168.2.23'), SECRET)).not.toBe(one)
    const unresolved = { ...HOME, '/proc/net/arp': ARP('00:00:00:00:00:00') }
    expect(identifyNetwork(signs(unresolved), SECRET)).toBe(one)
  })

  it('tells nothing to whoever does not have this computer’s secret', () => {
    expect(identifyNetwork(signs(HOME), randomBytes(32))).not.toBe(identifyNetwork(signs(HOME), SECRET))
  })

  it('is none where there is no network', () => {
    expect(identifyNetwork({ readFile: () => undefined, interfaces: () => ({}) }, SECRET)).toBeUndefined()
  })

  it.each(['', 'garbage', 'Iface\n\n\t\t\n', ROUTE('zz')])(
    'survives any text in the system’s tables',
    (text) => {
      const files = { '/proc/net/route': text, '/proc/net/arp': text }
      expect(identifyNetwork(signs(files), SECRET)).toBe(identifyNetwork(signs({}), SECRET))
    },
  )
})

describe('the memory of networks', () => {
  const folders: string[] = []
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
  })

  async function onDisk() {
    const folder = await mkdtemp(join(tmpdir(), 'networks-'))
    folders.push(folder)
    const path = join(folder, 'networks.json')
    return { path, open: () => NetworkMemory.open(networkMemoryFile(path)) }
  }

  it('is on the disk, private to the user, and keeps what worked where', async () => {
    const { path, open } = await onDisk()
    const memory = await open()
    await memory.note(ID, { ...worked(SNOWFLAKE), hasDirectFailed: true })
    await memory.note('b'.repeat(32), worked(undefined))
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const again = await open()
    expect(again.count).toBe(2)
    expect(again.workedOn(ID)).toEqual({ ...worked(SNOWFLAKE), hasDirectFailed: true })
    expect(again.workedOn('b'.repeat(32))).toEqual(worked(undefined))
    expect(again.workedOn('c'.repeat(32))).toBeUndefined()
    expect(again.secret).toEqual(memory.secret)
  })

  it('holds no address, no name and no place of a network', async () => {
    const { path, open } = await onDisk()
    const memory = await open()
    const id = identifyNetwork(signs(HOME), memory.secret)
    await memory.note(id ?? '', worked(undefined))
    const text = await readFile(path, 'utf8')
    expect(Object.keys(JSON.parse(text) as object)).toEqual(['version', 'secret', 'networks'])
    expect(text).not.toMatch(/192\.168|aa:bb|wlan0|0101A8C0/)
  })

  it('keeps thirty, and forgets the one that was not used for the longest time', async () => {
    const { open } = await onDisk()
    const memory = await open()
    for (let n = 0; n < 31; n++) {
      await memory.note(n.toString(16).padStart(32, '0'), worked(OBFS4, NOW_MS + n))
    }
    expect(memory.count).toBe(30)
    expect(memory.workedOn('0'.repeat(32))).toBeUndefined()
  })

  it('forgets one, or all of them together with the secret', async () => {
    const { open } = await onDisk()
    const memory = await open()
    const { secret } = memory
    await memory.note(ID, worked(OBFS4))
    await memory.note('b'.repeat(32), worked(OBFS4))
    await memory.forget(ID)
    expect((await open()).count).toBe(1)
    await memory.forgetAll()
    expect((await open()).count).toBe(0)
    expect((await open()).secret).not.toEqual(secret)
  })

  it('forgets single bridges on all networks, and networks with nothing left that worked', async () => {
    const { path, open } = await onDisk()
    const memory = await open()
    await memory.note(ID, worked(OBFS4))
    await memory.note('b'.repeat(32), worked([OBFS4[0] ?? '', ...SNOWFLAKE]))
    await memory.note('c'.repeat(32), worked(undefined))
    await memory.forgetLines((line) => OBFS4.includes(line))
    expect(await readFile(path, 'utf8')).not.toContain('obfs4')
    const again = await open()
    expect(again.workedOn(ID)).toBeUndefined()
    expect(again.workedOn('b'.repeat(32))).toEqual(worked(SNOWFLAKE))
    expect(again.workedOn('c'.repeat(32))).toEqual(worked(undefined))
  })

  it.each(['', 'null', '{}', '{"version":1,"secret":"ab","networks":[]}', '{"version":1', '[7]'])(
    'that is broken (%s) is an empty one',
    async (text) => {
      const memory = await NetworkMemory.open({ read: async () => text, write: async () => undefined })
      expect(memory.count).toBe(0)
      expect(memory.secret).toHaveLength(32)
    },
  )

  it('that cannot be written holds for this run, and says so', async () => {
    const memory = await NetworkMemory.open({
      read: () => Promise.reject(new Error('no disk')),
      write: () => Promise.reject(new Error('no disk')),
    })
    await expect(memory.note(ID, worked(OBFS4))).rejects.toThrow('no disk')
    expect(memory.workedOn(ID)?.lines).toEqual(OBFS4)
  })
})

describe('the guess of the country', () => {
  it.each([
    ['de', 'Asia/Tehran', 'fa-IR', 'de', 'chosen'],
    [null, 'Asia/Tehran', 'en-US', 'ir', 'time-zone'],
    [null, 'Asia/Chongqing', 'en-US', 'cn', 'time-zone'],
    [null, 'Europe/Minsk', 'en', 'by', 'time-zone'],
    [null, 'UTC', 'zh-Hant-HK', 'hk', 'locale'],
    [null, 'Etc/GMT+3', 'fa_IR', 'ir', 'locale'],
  ])(
    'is the person’s word, else the time zone, else the language: %s %s %s',
    (chosen, timeZone, locale, code, source) => {
      expect(guessCountry(chosen, { timeZone, locale })).toEqual({ code, source })
    },
  )

  it('is none where nothing tells it', () => {
    expect(guessCountry(null, { timeZone: 'UTC', locale: 'en' })).toEqual({
      code: undefined,
      source: 'unknown',
    })
    expect(guessCountry(null, { timeZone: '', locale: '' })).toEqual({ code: undefined, source: 'unknown' })
  })
})

describe('the map of countries', () => {
  it('has its date, its origin and the countries that are known to block', () => {
    expect(COUNTRY_MAP.date).toMatch(/^\d{4}-\d\d-\d\d$/)
    expect(COUNTRY_MAP.source).not.toBe('')
    expect(COUNTRY_MAP.countries).toEqual(['by', 'cn', 'hk', 'ir', 'ru'])
    expect(mappedSettings('ir')[0]).toEqual({ transport: 'snowflake', source: 'built-in' })
    expect(mappedSettings('se')).toEqual([])
    expect(mappedSettings(undefined)).toEqual([])
  })
})
