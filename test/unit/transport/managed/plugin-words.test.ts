import { describe, expect, test } from 'vitest'
import { scrubbedWords } from '../../../../core/transport/managed/plugin-words.ts'
import { formatLogParts } from '../../../../core/util/log.ts'

const shown = (message: string, secrets: readonly string[] = []): string =>
  formatLogParts(scrubbedWords(message, secrets), false)

describe("a plugin's words in the log", () => {
  test('are shown as far as they are words', () => {
    expect(shown("Can't connect: connection refused (by the bridge)")).toBe(
      "Can't connect: connection refused (by the bridge)",
    )
  })

  test.each([
    'dial tcp 192.0.2.1:443: i/o timeout',
    'dial [2001:db8::1]:443',
    'bad cert AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEf',
    'fetch https://front.example/path',
    'front.example is down',
    'fingerprint 0123456789ABCDEF0123456789ABCDEF01234567',
    'proxy user hunter refused',
  ])('%j shows no address, key, name or password', (message) => {
    const text = shown(message, ['hunter'])
    expect(text).toContain('[scrubbed]')
    expect(text).not.toMatch(/192|2001|AbCd|example|0123|hunter/)
    expect(formatLogParts(scrubbedWords(message, []), true)).toBe(message)
  })

  test('are one line of bounded length that steers no terminal', () => {
    expect(shown(`a\nb\u001b[2J${' c'.repeat(5000)}`)).toMatch(/^a b \[scrubbed\]( c){200,300} ?$/)
  })
})
