import { describe, expect, test } from 'vitest'
import { parseCommandLine } from '../../../core/daemon/command-line.ts'
import { TorError } from '../../../core/util/errors.ts'

describe('the command line', () => {
  test.each([
    [[], { command: { kind: 'run' }, torrcFile: undefined, quietness: 'normal', options: [] }],
    [['-f', 'x'], { torrcFile: 'x' }],
    [['--torrc-file', '-'], { torrcFile: '-' }],
    [['--defaults-torrc', 'x'], { defaultsFile: 'x' }],
    [['--ignore-missing-torrc'], { ignoresMissingTorrc: true }],
    [['--allow-missing-torrc'], { ignoresMissingTorrc: true }],
    [['--verify-config', '--quiet'], { command: { kind: 'verify-config' }, quietness: 'quiet' }],
    [['--hush'], { quietness: 'hush' }],
    [['--version'], { command: { kind: 'version' } }],
    [['--dump-config', 'full'], { command: { kind: 'dump-config', extent: 'full' } }],
    [['--list-torrc-options'], { command: { kind: 'list-torrc-options' } }],
    [['--list-deprecated-options'], { command: { kind: 'list-deprecated-options' } }],
    [['--hash-password', ''], { command: { kind: 'hash-password', password: '' } }],
    [['-h'], { command: { kind: 'help' } }],
  ])('%j', (args, expected) => {
    expect(parseCommandLine(args)).toMatchObject(expected)
  })

  test('takes options with their marks, in order', () => {
    const { options } = parseCommandLine([
      '--SocksPort',
      '1',
      '--+SocksPort',
      '2',
      '+Log',
      'debug file /x y',
      '--/Log',
      '-SafeLogging',
      '0',
    ])
    expect(options.map(({ mark, name, value }) => [mark, name, value])).toEqual([
      ['set', 'SocksPort', '1'],
      ['append', 'SocksPort', '2'],
      ['append', 'Log', 'debug file /x y'],
      ['clear', 'Log', ''],
      ['set', 'SafeLogging', '0'],
    ])
  })

  test('takes a negative number as a value', () => {
    expect(parseCommandLine(['--PathsNeededToBuildCircuits', '-1']).options[0]?.value).toBe('-1')
  })

  test.each([
    [['hello'], 'command line: expected an option such as --SocksPort, got "hello"'],
    [['--SocksPort'], 'command line: "--SocksPort": expected a value behind it'],
    [['--SocksPort', '--quiet'], 'command line: "--SocksPort": expected a value behind it'],
    [['-f'], 'command line: "-f": expected a value behind it'],
    [['--list-fingerprint'], 'command line: --list-fingerprint is not supported by this release'],
    [['--dump-config'], 'command line: --dump-config: expected short or full behind it'],
    [['--dump-config', 'all'], 'command line: --dump-config: expected short or full behind it'],
    [['--hash-password'], 'command line: "--hash-password": expected a value behind it'],
  ])('refuses %j', (args, message) => {
    expect(() => parseCommandLine(args)).toThrow(new TorError('bad-config', message))
  })
})
