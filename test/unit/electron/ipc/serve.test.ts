/** What a page that was taken over can send, and what comes of it. */
import { describe, expect, it } from 'vitest'
import { CoreError } from '../../../../electron/app-error.ts'
import type { CommandHandlers, CommandName } from '../../../../electron/ipc/contract.ts'
import { COMMANDS } from '../../../../electron/ipc/contract.ts'
import { createCommandServer, type Sender } from '../../../../electron/ipc/serve.ts'
import { manualClock } from '../../../support/manual-clock.ts'

const OUR_URL = 'app://allium/index.html'
const OURS: Sender = { isOurWindow: true, isMainFrame: true, url: OUR_URL }

function setUp(change: Partial<CommandHandlers> = {}) {
  const clock = manualClock()
  const called: [CommandName, unknown][] = []
  const reports: string[] = []
  const noted = Object.fromEntries(
    Object.keys(COMMANDS).map((name) => [
      name,
      (argument: unknown) => {
        called.push([name as CommandName, argument])
        return Promise.resolve(undefined)
      },
    ]),
  ) as unknown as CommandHandlers
  const server = createCommandServer({
    handlers: { ...noted, ...change },
    isOurUrl: (url) => url === OUR_URL,
    clock,
    report: (text) => reports.push(text),
  })
  return { clock, called, reports, server }
}

describe('commands', () => {
  it('run with their argument and answer with their value', async () => {
    const { called, server } = setUp({ 'support.preview': () => Promise.resolve('a text') })
    expect(await server.serve(OURS, 'circuit.close', 7)).toEqual({ ok: true, value: undefined })
    expect(called).toEqual([['circuit.close', 7]])
    expect(await server.serve(OURS, 'support.preview', undefined)).toEqual({ ok: true, value: 'a text' })
  })

  it.each([
    ['another window', { ...OURS, isOurWindow: false }],
    ['a frame inside the page', { ...OURS, isMainFrame: false }],
    ['another address', { ...OURS, url: 'https://example.com/' }],
    ['no address', { ...OURS, url: '' }],
  ])('are refused from %s', async (_, sender) => {
    const { called, server } = setUp()
    expect(await server.serve(sender, 'connection.start', undefined)).toMatchObject({
      ok: false,
      error: { kind: 'bad-sender' },
    })
    expect(called).toEqual([])
  })

  it.each([
    ['nonsense'],
    ['constructor'],
    ['__proto__'],
    ['toString'],
    [''],
    [7],
    [null],
    [{}],
    [['log.read']],
  ])('are refused by the name %j', async (name) => {
    const { called, server } = setUp()
    expect(await server.serve(OURS, name, undefined)).toMatchObject({
      ok: false,
      error: { kind: 'unknown-command' },
    })
    expect(called).toEqual([])
  })

  it.each<[CommandName, unknown]>([
    ['circuit.close', '7'],
    ['circuit.close', -1],
    ['circuit.close', Number.NaN],
    ['connection.start', { force: true }],
    ['entry.choose', 'maybe'],
    ['site.new-circuit', ''],
    ['site.new-circuit', 'x'.repeat(256)],
    ['site.set-policy', { site: 'a.example', isBlocked: true, exitCountry: null, pinForMs: null, extra: 1 }],
    ['site.set-policy', { site: 'a.example', isBlocked: true, exitCountry: 'France', pinForMs: null }],
    ['settings.change', { socksPort: 70_000 }],
    ['settings.change', { notASetting: true }],
    ['settings.change', { checkUrl: 'no address' }],
    ['bridges.remove', Array.from({ length: 1001 }, () => 'id')],
    ['clipboard.write', 'x'.repeat(2_000_001)],
    ['log.read', undefined],
  ])('are refused when the argument of %s is %j', async (name, argument) => {
    const { called, server } = setUp()
    expect(await server.serve(OURS, name, argument)).toMatchObject({
      ok: false,
      error: { kind: 'bad-argument' },
    })
    expect(called).toEqual([])
  })

  it('do not let a prototype be changed by an argument', async () => {
    const { server } = setUp()
    const argument: unknown = JSON.parse('{"__proto__": {"isAdmin": true}, "socksPort": 9250}')
    await server.serve(OURS, 'settings.change', argument)
    expect(Object.hasOwn(Object.prototype, 'isAdmin')).toBe(false)
  })

  it('answer with the kind of an error that was made to be shown', async () => {
    const { server } = setUp({
      'connection.start': () =>
        Promise.reject(new CoreError({ kind: 'no-path', detail: 'no exit in that country' })),
    })
    expect(await server.serve(OURS, 'connection.start', undefined)).toEqual({
      ok: false,
      error: { kind: 'no-path', detail: 'no exit in that country' },
    })
  })

  it('keep to themselves what an unexpected error says', async () => {
    const { reports, server } = setUp({
      'connection.start': () => Promise.reject(new Error('ENOENT /home/somebody/secret')),
      'connection.stop': () => {
        throw new Error('thrown at once: /home/somebody/secret')
      },
    })
    for (const name of ['connection.start', 'connection.stop']) {
      const outcome = await server.serve(OURS, name, undefined)
      expect(outcome).toMatchObject({ ok: false, error: { kind: 'internal' } })
      expect(JSON.stringify(outcome)).not.toContain('somebody')
    }
    expect(reports).toHaveLength(2)
  })
})

describe('a flood of commands', () => {
  it('is cut off while too many are under way, and none of them is lost', async () => {
    const ends: (() => void)[] = []
    const { clock, server } = setUp({
      'protection.check': () =>
        new Promise((resolve) => {
          ends.push(resolve)
        }),
    })
    const outcomes = Array.from({ length: 40 }, () => server.serve(OURS, 'protection.check', undefined))
    const refused = await Promise.all(outcomes.slice(32))
    expect(refused).toEqual(
      refused.map(() => ({ ok: false, error: { kind: 'too-many', detail: expect.any(String) as string } })),
    )
    for (const end of ends) end()
    expect(await Promise.all(outcomes.slice(0, 32))).toEqual(
      Array.from({ length: 32 }, () => ({ ok: true, value: undefined })),
    )
    clock.advance(1000)
    expect(await server.serve(OURS, 'connection.start', undefined)).toMatchObject({ ok: true })
  })

  it('is cut off within a second, and welcome again in the next', async () => {
    const { clock, called, server } = setUp()
    for (let index = 0; index < 500; index++) await server.serve(OURS, 'connection.start', undefined)
    expect(called.length).toBeLessThanOrEqual(100)
    clock.advance(1000)
    expect(await server.serve(OURS, 'connection.start', undefined)).toMatchObject({ ok: true })
  })
})
