import { afterEach, beforeEach, expect, it } from 'vitest'
import { DEFAULT_CLIENT_CONFIG } from '../../../core/client/config.ts'
import { TorClient } from '../../../core/client/tor-client.ts'

let client: TorClient

beforeEach(async () => {
  client = await TorClient.create({ ...DEFAULT_CLIENT_CONFIG, authorities: [], fallbackDirs: [] })
})
afterEach(() => client.close())

it('one signal may end any number of requests at once, without a warning of a leak', async () => {
  const warnings: string[] = []
  const onWarning = ({ name }: Error): void => void warnings.push(name)
  process.on('warning', onWarning)
  const controller = new AbortController()
  const { signal } = controller
  const waiting = Array.from({ length: 12 }, () => [
    client.connect('a.example', 80, { signal }),
    client.resolve('a.example', { signal }),
    client.resolveAddress('192.0.2.1', { signal }),
    client.requestUrl('http://a.example/', { signal }),
  ])
  const settled = Promise.allSettled<unknown>(waiting.flat())
  await new Promise((resolve) => setImmediate(resolve))
  controller.abort()
  for (const outcome of await settled) expect(outcome).toMatchObject({ reason: { kind: 'aborted' } })
  process.off('warning', onWarning)
  expect(warnings).toEqual([])
})
