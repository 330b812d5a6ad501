import { describe, expect, test } from 'vitest'
import { admitsRecord, defaultLogRules, parseLogRule } from '../../../core/daemon/options/log-rule.ts'
import type { LogDomain, LogLevel } from '../../../core/util/log.ts'

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'notice', 'warn', 'err']
const admitted = (text: string, domain: LogDomain): LogLevel[] =>
  LEVELS.filter((level) => admitsRecord(parseLogRule(text, 'Log'), { level, domain }))

describe('a Log line', () => {
  test.each([
    ['notice', { kind: 'stdout' }],
    ['notice stdout', { kind: 'stdout' }],
    ['NOTICE STDERR', { kind: 'stderr' }],
    ['notice file /tmp/a b', { kind: 'file', path: '/tmp/a b' }],
    ['[net,circ]info [app] warn file /tmp/x', { kind: 'file', path: '/tmp/x' }],
  ])('%s goes to its destination', (text, destination) => {
    expect(parseLogRule(text, 'Log').destination).toEqual(destination)
  })

  test.each<[string, LogDomain, LogLevel[]]>([
    ['notice stdout', 'net', ['notice', 'warn', 'err']],
    ['info-notice stdout', 'net', ['info', 'notice']],
    ['[net]debug stdout', 'net', LEVELS.slice()],
    ['[net]debug stdout', 'circ', []],
    ['[net] debug [*]err stdout', 'circ', ['err']],
    ['[net, circ]info notice stdout', 'circ', ['info', 'notice', 'warn', 'err']],
    ['[~net]info stdout', 'net', []],
    ['[~net]info stdout', 'circ', ['info', 'notice', 'warn', 'err']],
    ['[*,~net]info stdout', 'net', []],
    ['error', 'net', ['err']],
  ])('%s lets through of %s: %s', (text, domain, levels) => {
    expect(admitted(text, domain)).toEqual(levels)
  })

  test('without any there is the console, quieter when asked', () => {
    const shown = (quietness: 'normal' | 'hush' | 'quiet') =>
      LEVELS.filter((level) =>
        defaultLogRules(quietness).some((rule) => admitsRecord(rule, { level, domain: 'net' })),
      )
    expect(shown('normal')).toEqual(['notice', 'warn', 'err'])
    expect(shown('hush')).toEqual(['warn', 'err'])
    expect(shown('quiet')).toEqual([])
  })
})

test('reads a long row of words in an open bracket at once', () => {
  // Found by fuzzing: all of it was looked through again for each word.
  expect(() => parseLogRule(`[${'net, '.repeat(200_000)}circ] info stdout`, 'Log')).not.toThrow()
}, 3_000)
