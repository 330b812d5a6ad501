/**
 * Starts the one private network of the interop suite before its first test and stops it after the last.
 * `INTEROP_NETWORK=record.json` uses one that runs already (`npm run test:network`), which saves its start.
 */
import { readFileSync } from 'node:fs'
import type { TestProject } from 'vitest/node'
import { startTorNetwork, type TorNetwork, type TorNetworkRecord } from './tor-network.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    network: TorNetworkRecord
  }
}

let network: TorNetwork | undefined

export async function setup(project: TestProject): Promise<void> {
  const record = process.env['INTEROP_NETWORK']
  if (record !== undefined) {
    project.provide('network', JSON.parse(readFileSync(record, 'utf8')) as TorNetworkRecord)
    return
  }
  network = await startTorNetwork({ keep: process.env['KEEP_NETWORK'] === '1' })
  const { directory, nodes, authorityLines } = network
  project.provide('network', { directory, nodes, authorityLines })
}

export function teardown(): void {
  network?.stop()
}
