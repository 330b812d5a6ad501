import { expect, test } from 'vitest'
import { openLimitMs } from '../../../core/channel/open-limit.ts'
import { parseBridgeLine } from '../../../core/linkspec/bridge-line.ts'

test('a channel by a transport that has to find somebody first may take so much longer', () => {
  expect(openLimitMs(undefined)).toBe(30_000)
  expect(openLimitMs(parseBridgeLine('127.0.0.1:443'))).toBe(30_000)
  expect(openLimitMs(parseBridgeLine('obfs4 127.0.0.1:443'))).toBe(30_000)
  expect(openLimitMs(parseBridgeLine('snowflake 192.0.2.3:80'))).toBe(75_000)
  expect(openLimitMs(parseBridgeLine('unheardof 192.0.2.3:80'))).toBe(30_000)
})
