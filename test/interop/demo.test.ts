/** The demonstration as a stranger runs it first: one command, no window, no Internet, no `tor`. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)

it('one command shows a transfer through three relays of a network of its own', async () => {
  const { stdout } = await run(process.execPath, ['scripts/demo.mjs', '--headless'], { timeout: 100_000 })
  const [, bytes, path = ''] = /^(\d+) bytes of http:\S+ in [\d.]+ s, through (.+)$/m.exec(stdout) ?? []
  expect(bytes).toBe('5000000')
  expect(path.split(' -> ')).toHaveLength(3)
  expect(path).toMatch(/^gate\w+ \([a-z]{2}\) -> \w+ \([a-z]{2}\) -> door\w+ \([a-z]{2}\)$/)
})
