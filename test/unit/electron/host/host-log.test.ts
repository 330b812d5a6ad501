import { describe, expect, it } from 'vitest'
import { Logger, Sensitive } from '../../../../core/index.ts'
import { HostLog } from '../../../../electron/host/host-log.ts'
import { manualClock } from '../../../support/manual-clock.ts'

function setUp() {
  const clock = manualClock()
  const batches: { readonly text: string; readonly level: string }[][] = []
  const hostLog = new HostLog(clock, (lines) => batches.push([...lines]))
  return { clock, batches, hostLog, log: new Logger(hostLog.sink) }
}

describe("the host's log", () => {
  it('gathers lines and sends them together', () => {
    const { clock, batches, log } = setUp()
    log.notice('one')
    log.in('circ').info('two')
    expect(batches).toEqual([])
    clock.advance(250)
    expect(batches).toMatchObject([
      [
        { text: 'one', domain: 'general' },
        { text: 'two', domain: 'circ' },
      ],
    ])
    clock.advance(1_000)
    expect(batches).toHaveLength(1)
  })

  it('hides what is sensitive, addresses too that nobody wrapped, and keeps a line a line', () => {
    const { clock, batches, log } = setUp()
    log.warn('to ', new Sensitive('example.com'), ' by 192.0.2.1:443\nforged')
    clock.advance(250)
    expect(batches[0]?.[0]?.text).toBe('to [scrubbed] by [scrubbed] forged')
  })

  it('loses the rest of a flood and says how much', () => {
    const { clock, batches, log } = setUp()
    for (let line = 0; line < 700; line++) log.notice(`line ${line}`)
    clock.advance(250)
    expect(batches[0]).toHaveLength(501)
    expect(batches[0]?.at(-1)).toMatchObject({ level: 'warn', text: '200 more lines came at once' })
    log.notice('later')
    clock.advance(250)
    expect(batches[1]).toMatchObject([{ text: 'later' }])
  })

  it('leaves out debug messages', () => {
    const { clock, batches, log } = setUp()
    log.debug('noise')
    clock.advance(250)
    expect(batches).toEqual([])
  })

  it('sends at once what is left when it is flushed', () => {
    const { batches, hostLog, log } = setUp()
    log.err('the end')
    hostLog.flush()
    expect(batches).toMatchObject([[{ text: 'the end' }]])
  })
})
