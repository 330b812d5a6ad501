/** The bridge service, asked by the core host: through Tor, by a front, and what main believes of what it says. */
import { connect as connectTcp, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../../core/util/clock.ts'
import { askHelp, type HelpTools } from '../../../../electron/host/help.ts'
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
