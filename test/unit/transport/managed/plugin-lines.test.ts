import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LineSplitter, MAX_PLUGIN_LINE_BYTES } from '../../../../core/transport/managed/line-splitter.ts'
import { parsePluginLine } from '../../../../core/transport/managed/plugin-lines.ts'

const method = (transport: string, socks: string, host: string, port: number) => ({
  kind: 'method',
  method: { transport, socks, endpoint: { host, port } },
})

describe('a line of a plugin', () => {
  test.each([
    ['VERSION 1', { kind: 'version', version: '1' }],
    ['VERSION-ERROR no-version', { kind: 'version-error' }],
    ['ENV-ERROR No TOR_PT_STATE', { kind: 'env-error', message: 'No TOR_PT_STATE' }],
    ['PROXY DONE', { kind: 'proxy-done' }],
    ['PROXY-ERROR bad', { kind: 'proxy-error', message: 'bad' }],
    ['CMETHOD obfs4 socks5 127.0.0.1:5000', method('obfs4', 'socks5', '127.0.0.1', 5000)],
    ['CMETHOD x socks4 [::1]:1 later=1', method('x', 'socks4', '::1', 1)],
    ['CMETHOD x socks5 192.0.2.1:1', method('x', 'socks5', '192.0.2.1', 1)],
    ['CMETHOD-ERROR x no such', { kind: 'method-error', transport: 'x', message: 'no such' }],
    ['CMETHODS DONE', { kind: 'methods-done' }],
    ['STATUS TYPE=version', { kind: 'status', words: 'TYPE=version' }],
    ['LOG SEVERITY=warning MESSAGE="a \\"b\\"\\n"', { kind: 'log', severity: 'warning', message: 'a "b"\n' }],
    ['LOG MESSAGE=x SEVERITY=debug', { kind: 'log', severity: 'debug', message: 'x' }],
    [
      String.raw`LOG SEVERITY=error MESSAGE="\033[2J"`,
      { kind: 'log', severity: 'error', message: String.raw`\033[2J` },
    ],
    ['SMETHOD obfs4 127.0.0.1:1', { kind: 'unknown' }],
    ['', { kind: 'unknown' }],
    ['version 1', { kind: 'unknown' }],
  ])('%j is read', (line, value) => {
    expect(parsePluginLine(line)).toEqual(value)
  })

  test.each([
    'VERSION',
    'PROXY',
    'PROXY MAYBE',
    'CMETHOD',
    'CMETHOD x',
    'CMETHOD x socks5',
    'CMETHOD x socks6 127.0.0.1:1',
    'CMETHOD x socks5 localhost:1',
    'CMETHOD x socks5 127.0.0.1:0',
    'CMETHOD x socks5 127.0.0.1:65536',
    'CMETHOD x socks5 127.0.0.1:1x',
    'CMETHOD x socks5 [127.0.0.1]:1',
    'CMETHOD  socks5 127.0.0.1:1',
    'CMETHOD-ERROR',
    'CMETHODS',
    'CMETHODS DONE ',
    'LOG',
    'LOG SEVERITY=loud MESSAGE="x"',
    'LOG SEVERITY=error',
    'LOG SEVERITY=error MESSAGE="x',
    'LOG SEVERITY=error MESSAGE="x\\',
    'LOG =x',
    'STATUS',
  ])('%j begins as one of the protocol and is none', (line) => {
    expect(parsePluginLine(line)).toEqual({ kind: 'malformed', keyword: line.split(' ')[0] })
  })

  test('of any text is one of the values', () => {
    const keyword = fc.constantFrom(
      'VERSION',
      'PROXY',
      'CMETHOD',
      'CMETHODS',
      'LOG',
      'STATUS',
      'ENV-ERROR',
      '',
    )
    fc.assert(
      fc.property(keyword, fc.string(), (word, rest) => {
        expect(parsePluginLine(`${word} ${rest}`)).toHaveProperty('kind')
      }),
      { numRuns: 300 },
    )
  })

  test('that is a log message comes back as it was written', () => {
    fc.assert(
      fc.property(fc.string(), (message) => {
        const quoted = message.replace(/[\\"]/g, String.raw`\$&`)
        expect(parsePluginLine(`LOG SEVERITY=info MESSAGE="${quoted}"`)).toEqual({
          kind: 'log',
          severity: 'info',
          message,
        })
      }),
      { numRuns: 200 },
    )
  })
})

describe('what a plugin writes', () => {
  function split(pieces: readonly Buffer[]): (string | undefined)[] {
    const lines: (string | undefined)[] = []
    const splitter = new LineSplitter(
      (line) => lines.push(line),
      () => lines.push(undefined),
    )
    for (const piece of pieces) splitter.push(piece)
    return lines
  }

  test('is the same lines in whatever pieces it comes', () => {
    const text = fc.array(fc.string({ unit: 'binary-ascii' }).map((line) => line.replace(/[\r\n]/g, '')))
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 7 }), (lines, size) => {
        let rest = Buffer.from(lines.map((line) => `${line}\n`).join(''))
        const pieces: Buffer[] = []
        while (rest.length > 0) {
          pieces.push(rest.subarray(0, size))
          rest = rest.subarray(size)
        }
        expect(split(pieces)).toEqual(lines)
      }),
      { numRuns: 100 },
    )
  })

  test('has a limit for a line: of a longer one nothing is kept, and what follows it is read', () => {
    const long = Buffer.alloc(MAX_PLUGIN_LINE_BYTES, 'x')
    expect(split([long, long, long, Buffer.from('y\nVERSION 1\r\n')])).toEqual([undefined, 'VERSION 1'])
    expect(split([long, Buffer.from('\n')])).toEqual([long.toString()])
  })
})
