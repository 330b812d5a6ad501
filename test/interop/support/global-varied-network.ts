/**
 * Starts the second private network: its relays lie in different networks of addresses and countries, two are a family,
 * one port has a single exit, and the authorities vote every 20 seconds, so that consensuses and their diffs come by.
 * `INTEROP_VARIED_NETWORK=record.json` uses one that runs already (`npm run test:network record.json varied`).
 */
import { readFileSync } from 'node:fs'
import type { TestProject } from 'vitest/node'
import { startTorNetwork, type TorNetwork, type TorNetworkRecord } from './tor-network.ts'
import { VARIED_NETWORK } from './varied-network.ts'

let network: TorNetwork | undefined

export async function setup(project: TestProject): Promise<void> {
  const record = process.env['INTEROP_VARIED_NETWORK']
  if (record !== undefined) {
    project.provide('network', JSON.parse(readFileSync(record, 'utf8')) as TorNetworkRecord)
    return
  }
  network = await startTorNetwork({ ...VARIED_NETWORK, keep: process.env['KEEP_NETWORK'] === '1' })
  const { directory, nodes, authorityLines } = network
  project.provide('network', { directory, nodes, authorityLines })
}

export function teardown(): void {
  network?.stop()
}
