import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  formatLogParts,
  Logger,
  type LogRecord,
  Sensitive,
  sensitive,
  silentLogger,
} from '../../../core/util/log.ts'

const SECRET = 'secret.example'

describe('the log', () => {
  it('hands records with level and domain to its sink', () => {
    const records: LogRecord[] = []
    const log = new Logger((record) => records.push(record))
    log.in('circ').info('built in ', 12, ' ms')
    log.debug('a')
    log.notice('b')
    log.warn('c')
    log.err('d')
    expect(records.map(({ level, domain }) => `${level} ${domain}`)).toEqual([
      'info circ',
      'debug general',
      'notice general',
      'warn general',
      'err general',
    ])
    expect(records[0]?.parts).toEqual(['built in ', 12, ' ms'])
    expect(silentLogger.info('nobody hears this')).toBeUndefined()
  })

  it('shows what is sensitive only when it is told to', () => {
    const parts = ['to ', sensitive(SECRET), ':', 443]
    expect(formatLogParts(parts, false)).toBe('to [scrubbed]:443')
    expect(formatLogParts(parts, true)).toBe(`to ${SECRET}:443`)
  })

  it('lets nothing sensitive out by any other way of printing it', () => {
    const value = new Sensitive(SECRET)
    const printed = [
      `${value.toString()}`,
      String(value),
      JSON.stringify({ value }),
      inspect(value, { depth: 9, showHidden: true }),
      Object.values(value).join(),
      JSON.stringify(structuredClone(Object.entries(value))),
      ['', value].join(),
    ]
    for (const text of printed) expect(text).not.toContain(SECRET)
    expect(value.reveal()).toBe(SECRET)
  })
})
