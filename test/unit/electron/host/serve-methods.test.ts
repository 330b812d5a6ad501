import { describe, expect, it } from 'vitest'
import { TorError } from '../../../../core/index.ts'
import type { FromHost } from '../../../../electron/host/protocol.ts'
import { type HostHandlers, serveMethods } from '../../../../electron/host/serve-methods.ts'
import { HOST_CONFIG as CONFIG } from '../samples.ts'

function serve(changes: Partial<HostHandlers> = {}) {
  const calls: unknown[] = []
  const note = async (argument: unknown): Promise<undefined> => void calls.push(argument)
  const handlers: HostHandlers = {
    start: note,
    stop: note,
    reconfigure: note,
    'circuit.close': note,
    'site.new-circuit': note,
    'site.set-policy': note,
    'site.forget': note,
    'exit-countries.list': async () => [],
    'identity.new': async () => ({ changed: [], kept: [] }),
    'check.stream': async () => ({ isTor: true, address: undefined }),
    'check.resolve': async () => ({ addresses: [] }),
    'help.ask': async () => ({ kind: 'refusal', code: 404, detail: '' }),
    'lists.fetch': async () => ({ kind: 'bridges', lines: [] }),
    'doctor.probe': async () => ({ kind: 'reached' }),
    ...changes,
  }
  const posted: FromHost[] = []
  const onMessage = serveMethods(handlers, (message) => posted.push(message))
  return {
    calls,
    posted,
    call: (method: string, argument: unknown) => onMessage({ kind: 'call', id: 7, method, argument }),
    onMessage,
  }
}

describe('the methods of the core host', () => {
  it('answers a call once, under its id, with the value', async () => {
    const { call, posted } = serve()
    await call('check.stream', 'https://check.test/api')
    expect(posted).toEqual([
      { kind: 'reply', id: 7, outcome: { ok: true, value: { isTor: true, address: undefined } } },
    ])
  })

  it('hands a whole configuration on as it came', async () => {
    const { call, calls } = serve()
    await call('start', CONFIG)
    expect(calls).toEqual([CONFIG])
  })

  it.each([
    ['no-such-method', undefined],
    ['__proto__', undefined],
    ['toString', undefined],
    ['circuit.close', -1],
    ['circuit.close', '1'],
    ['site.set-policy', { site: 'a.test', isBlocked: false, exitCountry: 'DE', pinForMs: null }],
    ['start', { ...CONFIG, networkLines: ['UseEntryGuards 1\nSocksPort 0.0.0.0:9050'] }],
    ['start', { ...CONFIG, bridgeLines: ['192.0.2.1:443\u2028UseBridges 0'] }],
    ['start', { ...CONFIG, socksPort: 70_000 }],
    ['start', { ...CONFIG, controlPort: 9051 }],
    ['check.stream', 'no url'],
  ])('refuses %s with a bad argument and calls nobody', async (method, argument) => {
    const { call, calls, posted } = serve()
    await call(method, argument)
    expect(posted).toMatchObject([
      { kind: 'reply', id: 7, outcome: { ok: false, error: { kind: 'malformed' } } },
    ])
    expect(calls).toEqual([])
  })

  it('never repeats what was wrong in an argument: it may be a password', async () => {
    const { call, posted } = serve()
    const upstreamProxy = {
      kind: 'socks5',
      host: '127.0.0.1',
      port: 1,
      username: 'u',
      password: 'x'.repeat(300),
    }
    await call('start', { ...CONFIG, upstreamProxy })
    expect(JSON.stringify(posted)).toContain('upstreamProxy.password')
    expect(JSON.stringify(posted)).not.toContain('xxx')
  })

  it('answers an error of the core by its kind, without addresses', async () => {
    const { call, posted } = serve({
      'circuit.close': async () => {
        throw new TorError('channel-failed', 'connect ECONNREFUSED 192.0.2.1:443')
      },
    })
    await call('circuit.close', 1)
    expect(posted).toMatchObject([
      {
        outcome: { ok: false, error: { kind: 'channel-failed', detail: 'connect ECONNREFUSED [scrubbed]' } },
      },
    ])
  })

  it('answers an unknown error as a bug of its own', async () => {
    const { call, posted } = serve({
      stop: async () => {
        throw new RangeError('oops')
      },
    })
    await call('stop', undefined)
    expect(posted).toMatchObject([{ outcome: { ok: false, error: { kind: 'internal' } } }])
  })

  it('says that it lives when it is asked, and calls nobody for it', async () => {
    const { calls, onMessage, posted } = serve()
    await onMessage({ kind: 'ask-alive' })
    expect(posted).toEqual([{ kind: 'alive' }])
    expect(calls).toEqual([])
  })

  it.each([undefined, null, 'call', { kind: 'call' }, { kind: 'call', id: 'x', method: 'stop' }])(
    'takes no notice of what is no call (%o)',
    async (message) => {
      const { onMessage, posted } = serve()
      await onMessage(message)
      expect(posted).toEqual([])
    },
  )
})
