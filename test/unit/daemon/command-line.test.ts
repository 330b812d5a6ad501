import { describe, expect, test } from 'vitest'
import { parseCommandLine } from '../../../core/daemon/command-line.ts'
import { TorError } from '../../../core/util/errors.ts'

describe('the command line', () => {
  test.each([
    [[], { command: 'run', torrcFile: undefined, quietness: 'normal', options: [] }],
    [['-f', 'x'], { torrcFile: 'x' }],
    [['--torrc-file', '-'], { torrcFile: '-' }],
    [['--defaults-torrc', 'x'], { defaultsFile: 'x' }],
    [['--ignore-missing-torrc'], { ignoresMissingTorrc: true }],
    [['--allow-missing-torrc'], { ignoresMissingTorrc: true }],
    [['--verify-config', '--quiet'], { command: 'verify-config', quietness: 'quiet' }],
    [['--hush'], { quietness: 'hush' }],
    [['--version'], { command: 'version' }],
    [['-h'], { command: 'help' }],
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
    [['--hash-password', 'x'], 'command line: --hash-password is not supported by this release'],
  ])('refuses %j', (args, message) => {
    expect(() => parseCommandLine(args)).toThrow(new TorError('bad-config', message))
  })
})
