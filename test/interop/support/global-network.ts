/** Starts the one private network of the interop suite before its first test and stops it after the last. */
import type { TestProject } from 'vitest/node'
import { startTorNetwork, type TorNetwork, type TorNetworkRecord } from './tor-network.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    network: TorNetworkRecord
  }
}

let network: TorNetwork | undefined

export async function setup(project: TestProject): Promise<void> {
  network = await startTorNetwork({ keep: process.env['KEEP_NETWORK'] === '1' })
  const { directory, nodes, authorityLines } = network
  project.provide('network', { directory, nodes, authorityLines })
}

export function teardown(): void {
  network?.stop()
}
