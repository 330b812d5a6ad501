/**
 * Starts the second private network: its relays lie in different networks of addresses and countries, two are a family,
 * one port has a single exit, and the authorities vote every 20 seconds, so that consensuses and their diffs come by.
 */
import type { TestProject } from 'vitest/node'
import { startTorNetwork, type TorNetwork } from './tor-network.ts'
import { VARIED_NETWORK } from './varied-network.ts'

let network: TorNetwork | undefined

export async function setup(project: TestProject): Promise<void> {
  network = await startTorNetwork({ ...VARIED_NETWORK, keep: process.env['KEEP_NETWORK'] === '1' })
  const { directory, nodes, authorityLines } = network
  project.provide('network', { directory, nodes, authorityLines })
}

export function teardown(): void {
  network?.stop()
}
