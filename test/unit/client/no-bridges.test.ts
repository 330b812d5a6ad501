/** Who wants bridges and has none is connected to nothing, and told so. */
import { afterEach, expect, test } from 'vitest'
import { type ClientConfig, DEFAULT_CLIENT_CONFIG } from '../../../core/client/config.ts'
import { TorClient } from '../../../core/client/tor-client.ts'
import { parseBridgeLine } from '../../../core/linkspec/bridge-line.ts'
import { DEFAULT_AUTHORITIES } from '../../../core/netdir/authorities.ts'
import { DEFAULT_FALLBACK_DIRS } from '../../../core/netdir/fallback-dirs.ts'
import { waitUntil } from '../../../core/util/watched-value.ts'

const CONFIG: ClientConfig = {
  ...DEFAULT_CLIENT_CONFIG,
  authorities: DEFAULT_AUTHORITIES,
  fallbackDirs: DEFAULT_FALLBACK_DIRS,
  bridges: [],
}
let client: TorClient | undefined

afterEach(() => client?.close())

test('with no bridge in the list the client says so, and knows of nobody to dial', async () => {
  client = await TorClient.create(CONFIG)
  const bootstrapping = client.bootstrap()
  bootstrapping.catch(() => {})
  const { bootstrap, channels, circuits, bridges } = await waitUntil(
    client.status,
    (status) => status.bootstrap.blockage !== undefined,
  )
  expect(bootstrap.blockage).toMatchObject({
    kind: 'no-path',
    reason: 'bridges are wanted, and there is none to connect to',
  })
  expect([channels, circuits, bridges]).toEqual([[], [], []])
})

test('a bridge is in the status before it was ever reached', async () => {
  client = await TorClient.create({ ...CONFIG, bridges: [parseBridgeLine('192.0.2.1')] })
  expect(client.status.value.bridges).toEqual([
    {
      line: '192.0.2.1:443',
      fingerprint: undefined,
      state: 'unknown',
      lastWorkedMs: undefined,
      failingSinceMs: undefined,
      reason: undefined,
    },
  ])
})

test('a transport that there is not is refused before anything begins, by its name', async () => {
  const bridges = [parseBridgeLine('warp 192.0.2.1:1')]
  await expect(TorClient.create({ ...CONFIG, bridges })).rejects.toMatchObject({ kind: 'bad-config' })
  client = await TorClient.create(CONFIG)
  await expect(client.reconfigure({ ...CONFIG, bridges })).rejects.toThrow(/transport warp/)
  expect(client.config.value.bridges).toEqual([])
})
