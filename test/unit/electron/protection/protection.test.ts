/** The verdicts about protection, each with its one fix, and what is asked of whom. */
import { describe, expect, it } from 'vitest'
import { CoreError } from '../../../../electron/app-error.ts'
import type { HostResult } from '../../../../electron/host/protocol.ts'
import type { ProtectionView } from '../../../../electron/ipc/snapshot.ts'
import { judgeProtection, type ProtectionEvidence } from '../../../../electron/protection/judge-protection.ts'
import { Protection } from '../../../../electron/protection/protection.ts'
import { manualClock } from '../../../support/manual-clock.ts'

const GOOD: ProtectionEvidence = {
  isConnected: true,
  stream: { ok: true, value: { isTor: true, address: '203.0.113.7' } },
  resolve: { ok: true, value: { addresses: ['203.0.113.1'] } },
  systemProxy: { isWanted: true, hasBackend: true, readBack: 'ours' },
}

/** As `stream good none`. */
function verdicts(change: Partial<ProtectionEvidence>): readonly string[] {
  const results = judgeProtection({ ...GOOD, ...change })
  return results.map(({ check, verdict, fix }) => `${check} ${verdict} ${fix}`)
}

function streamed(isTor: boolean | undefined, address: string | undefined): Partial<ProtectionEvidence> {
  return { stream: { ok: true, value: { isTor, address } } }
}

function proxied(change: Partial<ProtectionEvidence['systemProxy']>): Partial<ProtectionEvidence> {
  return { systemProxy: { ...GOOD.systemProxy, ...change } }
}

describe('the verdicts about protection', () => {
  it('are all good, with nothing to do, when everything is', () => {
    expect(verdicts({})).toEqual([
      'stream good none',
      'exit good none',
      'system-proxy good none',
      'dns good none',
    ])
  })

  it.each<[what: string, change: Partial<ProtectionEvidence>, expected: string[]]>([
    [
      'nothing is connected',
      { isConnected: false, stream: undefined, resolve: undefined },
      ['stream bad connect', 'exit unknown connect', 'dns unknown connect'],
    ],
    [
      'the service says that this is not Tor',
      streamed(false, '203.0.113.7'),
      ['stream bad new-identity', 'exit bad new-identity'],
    ],
    [
      'the service does not say whether it is',
      streamed(undefined, '203.0.113.7'),
      ['stream unknown change-check-address', 'exit good none'],
    ],
    [
      'the service names no address',
      streamed(true, undefined),
      ['stream good none', 'exit unknown change-check-address'],
    ],
    [
      'the service is slow',
      { stream: { ok: false, kind: 'timeout' } },
      ['stream unknown wait-and-retry', 'exit unknown wait-and-retry'],
    ],
    [
      'the service answers with something else',
      { stream: { ok: false, kind: 'malformed' } },
      ['stream unknown change-check-address'],
    ],
    [
      'somebody plays the check service',
      { stream: { ok: false, kind: 'wrong-identity' } },
      ['stream bad new-identity', 'exit unknown new-identity'],
    ],
    [
      'no system proxy is wanted',
      proxied({ isWanted: false, readBack: 'off' }),
      ['system-proxy not-used turn-on-system-proxy', 'dns unknown use-proxy-with-names'],
    ],
    [
      'something changed the system proxy',
      proxied({ readBack: 'changed' }),
      ['system-proxy bad reapply-system-proxy', 'dns bad reapply-system-proxy'],
    ],
    ['the system proxy is off', proxied({ readBack: 'off' }), ['system-proxy bad reapply-system-proxy']],
    [
      'the setting cannot be read',
      proxied({ readBack: 'unknown' }),
      ['system-proxy unknown wait-and-retry', 'dns unknown wait-and-retry'],
    ],
    ['the system has no setting', proxied({ hasBackend: false }), ['system-proxy bad use-proxy-with-names']],
    [
      'names cannot be resolved',
      { resolve: { ok: false, kind: 'timeout' } },
      ['stream good none', 'dns unknown wait-and-retry'],
    ],
  ])('say what to do when %s', (_, change, expected) => {
    expect(verdicts(change)).toEqual(expect.arrayContaining(expected))
  })

  it('name an impostor, which is another thing than a service that does not know us', () => {
    const findings = (change: Partial<ProtectionEvidence>): unknown[] =>
      judgeProtection({ ...GOOD, ...change }).map(({ finding }) => finding)
    const played = findings({ stream: { ok: false, kind: 'wrong-identity' } })
    expect(played).toEqual(['impostor', 'impostor', undefined, undefined])
    expect(findings(streamed(false, '203.0.113.7')).every((finding) => finding === undefined)).toBe(true)
  })

  it('are never good without evidence', () => {
    const blind = verdicts({
      isConnected: false,
      stream: undefined,
      resolve: undefined,
      ...proxied({ readBack: 'unknown' }),
    })
    expect(blind.join()).not.toContain('good')
  })
})

interface Options {
  readonly checkUrl?: string
  readonly isConnected?: boolean
  readonly checkStream?: (url: string) => Promise<HostResult<'check.stream'>>
}

function setUp({ checkUrl = 'https://check.example/ip', isConnected = true, checkStream }: Options = {}) {
  const clock = manualClock()
  const views: ProtectionView[] = []
  const asked: string[] = []
  const logged: string[] = []
  const protection = new Protection({
    clock,
    log: (_, text) => logged.push(text),
    publish: (view) => views.push(view),
    settings: () => ({ checkUrl, systemProxy: true }),
    isConnected: () => isConnected,
    checkStream(url) {
      asked.push(url)
      return checkStream?.(url) ?? Promise.resolve({ isTor: true, address: '203.0.113.7' })
    },
    resolve(host) {
      asked.push(host)
      return Promise.resolve({ addresses: ['203.0.113.1'] })
    },
    systemProxy: {
      view: {
        backend: 'gnome',
        isWanted: true,
        state: 'on',
        sinceMs: 0,
        trouble: undefined,
        detail: undefined,
        restoredAtStart: false,
        programs: [],
      },
      readBack: () => Promise.resolve('ours'),
    },
  })
  return { clock, protection, views, asked, logged }
}

describe('a check of protection', () => {
  it('asks the service and a name through the core, and publishes what came', async () => {
    const { protection, views, asked } = setUp()
    await protection.check()
    expect(asked).toEqual(['https://check.example/ip', 'check.example'])
    expect(views.map(({ isRunning }) => isRunning)).toEqual([true, false])
    expect(views.at(-1)?.exitAddress).toBe('203.0.113.7')
    expect(views.at(-1)?.results.every(({ verdict }) => verdict === 'good')).toBe(true)
  })

  it('asks nobody anything while not connected: the answer would come from outside of Tor', async () => {
    const { protection, views, asked } = setUp({ isConnected: false })
    await protection.check()
    expect(asked).toEqual([])
    expect(views.at(-1)).toMatchObject({ exitAddress: undefined, isRunning: false })
  })

  it.each(['https://203.0.113.9/', 'https://[2001:db8::1]/', 'http://abc.onion/'])(
    'resolves a name also when the service is at %s, which has none',
    async (checkUrl) => {
      const { protection, asked } = setUp({ checkUrl })
      await protection.check()
      expect(asked).toContain('check.torproject.org')
    },
  )

  it('is one check when asked for twice', async () => {
    const { protection, asked } = setUp()
    await Promise.all([protection.check(), protection.check()])
    expect(asked).toHaveLength(2)
  })

  it('ends also when the core says nothing', async () => {
    const { clock, protection, views } = setUp({ checkStream: () => new Promise(() => {}) })
    const done = protection.check()
    clock.advance(60_000)
    await done
    expect(views.at(-1)?.results[0]).toMatchObject({
      verdict: 'unknown',
      fix: 'wait-and-retry',
      detail: 'timeout',
    })
  })

  it('tells an error by its kind, and neither the log nor the page by its words', async () => {
    const error = new CoreError({ kind: 'resolve-failed', detail: 'check.example could not be resolved' })
    const { protection, views, logged } = setUp({ checkStream: () => Promise.reject(error) })
    await protection.check()
    expect(views.at(-1)?.results[0]).toMatchObject({ fix: 'change-check-address', detail: 'resolve-failed' })
    expect(JSON.stringify([views, logged])).not.toContain('check.example')
  })

  it('says nothing of a connection that ended meanwhile', async () => {
    const { protection, views } = setUp()
    const done = protection.check()
    protection.forget()
    await done
    expect(views.at(-1)).toEqual({
      isRunning: false,
      checkedAtMs: undefined,
      exitAddress: undefined,
      results: [],
    })
  })
})
