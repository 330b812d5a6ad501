import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseLogRule } from '../../../core/daemon/options/log-rule.ts'
import { LogOutput, type LogOutputOptions, LogTime } from '../../../core/daemon/log-output.ts'
import { RepeatLimit } from '../../../core/daemon/repeat-limit.ts'
import { type Clock, systemClock } from '../../../core/util/clock.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { Logger, sensitive } from '../../../core/util/log.ts'

const WALL_MS = new Date(2026, 10, 2, 7, 0, 5, 678).getTime()
const clock: Clock = { ...systemClock, wallMs: () => WALL_MS }

let directory: string
let out: string
let err: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'allium-log-'))
  out = ''
  err = ''
})

afterEach(() => rmSync(directory, { recursive: true }))

function open(rules: readonly string[], more: Partial<LogOutputOptions> = {}): LogOutput {
  return new LogOutput({
    rules: rules.map((rule) => parseLogRule(rule, 'Log')),
    reveals: false,
    showsDomains: false,
    truncates: false,
    granularityMs: 1_000,
    clock,
    console: {
      stdout: (text) => {
        out += text
      },
      stderr: (text) => {
        err += text
      },
    },
    ...more,
  })
}

describe('a log line', () => {
  test('has the form of the lines of C tor', () => {
    new Logger(open(['notice stdout']).sink).notice('Bootstrapped ', 5, '%')
    expect(out).toBe('Nov 02 07:00:05.000 [notice] Bootstrapped 5%\n')
  })

  test('shows the time as finely as asked', () => {
    new Logger(open(['notice stdout'], { granularityMs: 1 }).sink).warn('x')
    expect(out).toBe('Nov 02 07:00:05.678 [warn] x\n')
  })

  test('hides what is sensitive unless it is told to reveal', () => {
    new Logger(open(['notice stdout']).sink).notice('to ', sensitive('example.com'))
    new Logger(open(['notice stderr'], { reveals: true }).sink).notice('to ', sensitive('example.com'))
    expect(out).toContain('to [scrubbed]\n')
    expect(err).toContain('to example.com\n')
  })

  test('stays one line whatever is in it', () => {
    new Logger(open(['notice stdout']).sink).notice('a\nb\u001b[2J\u2028')
    expect(out).toBe('Nov 02 07:00:05.000 [notice] a\\x0ab\\x1b[2J\\x2028\n')
  })

  test('goes to every destination whose rule admits it', () => {
    const output = open(['warn stdout', `[net]debug file ${join(directory, 'log')}`, 'info-info stderr'])
    const log = new Logger(output.sink, 'net')
    log.debug('one')
    log.info('two')
    log.err('three')
    log.in('circ').info('four')
    output.close()
    expect(out.match(/ \w+$/gm)).toEqual([' three'])
    expect(err.match(/ \w+$/gm)).toEqual([' two', ' four'])
    expect(readFileSync(join(directory, 'log'), 'utf8').match(/ \w+$/gm)).toEqual([' one', ' two', ' three'])
  })
})

describe('a message that comes again and again', () => {
  test('is said five times in a minute, and then counted', () => {
    let nowMs = 0
    const log = new Logger(open(['notice stdout'], { clock: { ...clock, monotonicMs: () => nowMs } }).sink)
    for (let at = 0; at < 20; at++) log.warn('refused ', sensitive(`host${at}`))
    log.warn('another')
    expect(out.match(/refused/g)).toHaveLength(5)
    expect(out).toContain('another')
    nowMs = 61_000
    log.warn('refused ', sensitive('host'))
    expect(out).toContain('refused [scrubbed] [15 similar message(s) suppressed in last 61 seconds]\n')
  })

  test('is never left out when it is an error or for finding faults', () => {
    const log = new Logger(open(['debug stdout']).sink)
    for (let at = 0; at < 9; at++) {
      log.err('gone')
      log.debug('seen')
    }
    expect(out.match(/gone/g)).toHaveLength(9)
    expect(out.match(/seen/g)).toHaveLength(9)
  })

  test('costs bounded memory, whatever is said', () => {
    const limit = new RepeatLimit()
    for (let at = 0; at < 10_000; at++) expect(limit.admit(`message ${at}`, 0)).toBe(`message ${at}`)
    for (let at = 0; at < 6; at++) limit.admit('message 9999', 0)
    expect(limit.admit('message 9999', 0)).toBeUndefined()
    for (let at = 0; at < 10; at++) expect(limit.admit('message 0', 0) === undefined).toBe(at >= 5)
  })
})

describe('a log', () => {
  test('names the part that speaks when it is asked to', () => {
    new Logger(open(['notice stdout'], { showsDomains: true }).sink, 'net').notice('x')
    expect(out).toBe('Nov 02 07:00:05.000 [notice] {NET} x\n')
  })

  test('takes everything once it is loud', () => {
    const output = open(['[net]err stdout'])
    output.becomeLoud()
    new Logger(output.sink, 'circ').debug('x')
    expect(out).toBe('Nov 02 07:00:05.000 [debug] x\n')
  })

  test('of which one file cannot be opened leaves none open', () => {
    const path = join(directory, 'log')
    expect(() => open([`notice file ${path}`, `notice file ${directory}/no/log`])).toThrow('Log: ')
    expect(readFileSync(path, 'utf8')).toBe('')
  })

  test('begins its files anew when it is asked to and the files are its own, with what it had written', () => {
    const path = join(directory, 'log')
    writeFileSync(path, 'old\n')
    const output = open([`notice file ${path}`, `[net]info-info file ${path}`], { truncates: true })
    new Logger(output.sink).notice('first')
    expect(readFileSync(path, 'utf8')).toMatch(/^old\n.* first\n$/)
    output.beginAnew()
    new Logger(output.sink).notice('second')
    output.beginAnew()
    output.close()
    expect(readFileSync(path, 'utf8')).toMatch(/^\S+ \S+ \S+ \[notice\] first\n.* second\n$/)
  })

  test('does not end where there is nothing to begin anew', () => {
    const output = open(['notice file /dev/null', 'notice stdout'], { truncates: true })
    new Logger(output.sink).notice('text')
    output.beginAnew()
    output.close()
    expect([out.match(/text/g), err]).toEqual([['text'], ''])
  })
})

test('a log file is appended to and is for its owner only', () => {
  const path = join(directory, 'log')
  for (const text of ['one', 'two']) {
    const output = open([`notice file ${path}`])
    new Logger(output.sink).notice(text)
    output.close()
    new Logger(output.sink).notice('after the end')
  }
  expect(readFileSync(path, 'utf8').match(/ \w+$/gm)).toEqual([' one', ' two'])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a log file that cannot be opened is a configuration error', () => {
  expect(() => open([`notice file ${directory}/no/log`])).toThrow(
    expect.toSatisfy(
      (thrown: unknown) => isTorError(thrown, 'bad-config') && thrown.message.startsWith('Log: '),
    ),
  )
})

test('the time follows the clock from second to second', () => {
  const time = new LogTime()
  expect(time.format(WALL_MS)).toBe('Nov 02 07:00:05.678')
  expect(time.format(WALL_MS + 400)).toBe('Nov 02 07:00:06.078')
  expect(time.format(WALL_MS)).toBe('Nov 02 07:00:05.678')
})
