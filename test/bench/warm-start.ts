/** The warm start with a directory of the real network's size: from the process's start to its first working circuit. */
import { ClientProcess, type ClientHome, type ProgramName } from '../interop/support/client-process.ts'
import { readCpuSeconds, readRssMegabytes } from '../interop/support/process-stats.ts'
import type { TorNetworkRecord } from '../interop/support/tor-network.ts'
import { growDirectory, readCachedConsensus } from './grown-directory.ts'
import type { Report } from './client-sections.ts'

const REAL_NETWORK_RELAYS = 8000
/** The first start with it may rewrite caches; what comes after is what a user has every day. */
const UNCOUNTED_STARTS = 1
const COUNTED_STARTS = 3

/** The client has run in this home before, and does not run now. */
export async function measureWarmStarts(
  program: ProgramName,
  home: ClientHome,
  network: TorNetworkRecord,
  report: Report,
): Promise<void> {
  growDirectory(readCachedConsensus(home.directory), REAL_NETWORK_RELAYS, network).install(home.directory)
  for (let start = 0; start < UNCOUNTED_STARTS + COUNTED_STARTS; start++) {
    const client = new ClientProcess(home, program)
    try {
      const seconds = (await client.bootstrapped()) / 1000
      if (start < UNCOUNTED_STARTS) continue
      report('8,000 relays, warm start, s', seconds)
      report('8,000 relays, warm start, CPU-s', readCpuSeconds(client.pid))
      report('8,000 relays, RSS after warm start, MB', readRssMegabytes(client.pid))
    } finally {
      await client.end()
    }
  }
}
