/** The bridge service, asked by the core host: through Tor, by a front, and what main believes of what it says. */
import { connect as connectTcp, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../../core/util/clock.ts'
import { askHelp, fetchList, type HelpTools } from '../../../../electron/host/help.ts'
import type { HelpCall } from '../../../../electron/host/help-protocol.ts'
import { METHOD_SCHEMAS } from '../../../../electron/host/method-schemas.ts'
import { parseResult } from '../../../../electron/host/parse-from-host.ts'
import * as v from 'valibot'
import { type MoatServer, startMoatServer } from '../../../support/moat-server.ts'
import { framesOf, ListeningObfs4Server } from '../../../support/obfs4-server.ts'
import { OBFS4, REQUESTED } from '../escalation/way-rig.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

async function serve(): Promise<MoatServer> {
  const bridges = { type: 'webtunnel', source: 'bridgedb', bridge_strings: [REQUESTED] }
  const server = await startMoatServer({ answer: () => ({ country: 'cn', settings: [{ bridges }] }) })
  cleanUps.push(() => server.close())
  return server
}

function call({ service }: MoatServer, change: Partial<HelpCall> = {}): HelpCall {
  const question = { endpoint: 'settings', country: 'cn', transports: ['obfs4'] } as const
  return { path: 'tor', ...question, upstreamProxy: null, service, ...change }
}

const NO_CORE: HelpTools = {
  clock: systemClock,
  outside: undefined,
  client: undefined,
  isolation: ['check', '1'],
}
const ANSWER = {
  kind: 'settings',
  country: 'cn',
  settings: [{ transport: 'webtunnel', source: 'bridgedb', lines: [REQUESTED] }],
}

describe('the bridge service', () => {
  it('is asked through Tor by its name, on a circuit of its own', async () => {
    const server = await serve()
    const asked: unknown[] = []
    const client: HelpTools['client'] = {
      connect: async (host, port, options) => {
        asked.push([host, port, options?.isolation])
        return connectTcp(server.port, '127.0.0.1')
      },
    }
    expect(await askHelp(call(server), { ...NO_CORE, client })).toEqual(ANSWER)
    expect(asked).toEqual([['bridges.torproject.org', 443, ['check', '1']]])
  })

  it('is not asked through Tor by a host without a core', async () => {
    const server = await serve()
    expect(() => askHelp(call(server), NO_CORE)).toThrow(expect.objectContaining({ kind: 'closed' }) as Error)
  })

  it('is asked by a front without any core, with its own TLS in the tunnel', async () => {
    const server = await serve()
    const tunnel = await ListeningObfs4Server.start()
    cleanUps.push(() => tunnel.close())
    const ends = new Map<Socket, Socket>()
    tunnel.script = {
      onPayload: (payload, session, socket) => {
        const end = ends.get(socket) ?? connectTcp(server.port, '127.0.0.1')
        if (!ends.has(socket)) end.on('data', (bytes) => socket.write(framesOf(session, Buffer.from(bytes))))
        ends.set(socket, end)
        end.write(payload)
      },
    }
    const service = { ...server.service, fronts: { ...server.service.fronts, front: [tunnel.line()] } }
    expect(await askHelp(call(server, { path: 'front', service }), NO_CORE)).toEqual(ANSWER)
    for (const end of ends.values()) end.destroy()
  })
})

describe('what passes between main and the host of it', () => {
  it('is a question in its form, and nothing else', async () => {
    const good = call(await serve())
    const schema = METHOD_SCHEMAS['help.ask']
    expect(v.is(schema, good)).toBe(true)
    for (const bad of [
      { path: 'elsewhere' },
      { country: 'Germany' },
      { transports: ['obfs4 exec'] },
      { service: { ...good.service, host: 'evil.example/../' } },
      {
        service: {
          ...good.service,
          fronts: { front: ['obfs4 x\nBridge y'], 'older-front': [], 'other-front': [] },
        },
      },
    ]) {
      expect(v.is(schema, { ...good, ...bad }), JSON.stringify(bad)).toBe(false)
    }
  })

  it('is an answer in its form: a host that was taken over puts no second line into a bridge', () => {
    expect(parseResult('help.ask', ANSWER)?.value).toEqual(ANSWER)
    const withLines = (lines: readonly unknown[]): unknown => ({
      ...ANSWER,
      settings: [{ transport: 'obfs4', source: 'bridgedb', lines }],
    })
    for (const bad of [
      withLines([`${OBFS4[0]}\nUseBridges 0`]),
      withLines([7]),
      withLines(Array.from({ length: 51 }, () => REQUESTED)),
      { ...ANSWER, country: 'nowhere' },
      { kind: 'refusal', code: 404, detail: '\u202ereversed' },
      { kind: 'other' },
    ]) {
      expect(parseResult('help.ask', bad)).toBeUndefined()
    }
  })
})

describe('the lists that everybody has', () => {
  const LISTS: Readonly<Record<string, unknown>> = {
    '/moat/circumvention/builtin': { obfs4: OBFS4, unheard: [REQUESTED] },
    '/moat/circumvention/map': {
      ir: { settings: [{ bridges: { type: 'snowflake', source: 'builtin' } }] },
      tr: { settings: [{ bridges: { type: 'obfs4', source: 'bridgedb' } }] },
    },
  }

  async function fetching(answers: Readonly<Record<string, unknown>>) {
    const server = await startMoatServer({ answer: ({ path }) => answers[path] })
    cleanUps.push(() => server.close())
    const client: HelpTools['client'] = { connect: async () => connectTcp(server.port, '127.0.0.1') }
    const fetch = (endpoint: 'builtin' | 'map') =>
      fetchList({ endpoint, service: server.service }, { ...NO_CORE, client })
    return { fetch, server }
  }

  it('are fetched through Tor with a question that is the same for everybody', async () => {
    const { fetch, server } = await fetching(LISTS)
    expect(await fetch('builtin')).toEqual({ kind: 'bridges', lines: [...OBFS4, REQUESTED] })
    expect(await fetch('map')).toEqual({
      kind: 'countries',
      countries: [
        { country: 'ir', settings: [{ transport: 'snowflake', source: 'builtin' }] },
        { country: 'tr', settings: [{ transport: 'obfs4', source: 'bridgedb' }] },
      ],
    })
    expect(server.asked.map(({ body }) => body)).toEqual([{}, {}])
  })

  it('are not fetched by a host without a core: there is no other way than Tor', async () => {
    const { service } = await serve()
    await expect(fetchList({ endpoint: 'map', service }, NO_CORE)).rejects.toMatchObject({ kind: 'closed' })
  })

  it('that are malformed are an error, and a refusal is an answer', async () => {
    const refusal = { errors: [{ code: 400, detail: 'Not valid request' }] }
    const { fetch } = await fetching({
      '/moat/circumvention/builtin': { obfs4: ['obfs4 nothing'] },
      '/moat/circumvention/map': refusal,
    })
    await expect(fetch('builtin')).rejects.toMatchObject({ kind: 'malformed' })
    expect(await fetch('map')).toMatchObject({ kind: 'refusal', code: 400 })
  })

  it('cross to main within bounds', () => {
    const line = 'obfs4 203.0.113.7:443'
    const lists = (lines: readonly unknown[]) => parseResult('lists.fetch', { kind: 'bridges', lines })
    expect(lists([line])).toBeDefined()
    expect(lists(Array.from({ length: 1_001 }, () => line))).toBeUndefined()
    expect(lists(['a\nb'])).toBeUndefined()
    const country = { country: 'DE', settings: [] }
    expect(parseResult('lists.fetch', { kind: 'countries', countries: [country] })).toBeUndefined()
  })
})
