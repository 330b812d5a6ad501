import { expect, test } from 'vitest'
import { BOOTSTRAP_PHASES, type Blockage, type BootstrapStatus } from '../../../core/client/status.ts'
import { BootstrapLog } from '../../../core/daemon/bootstrap-log.ts'
import { Logger, formatLogParts } from '../../../core/util/log.ts'

function recorder(): { lines: string[]; log: BootstrapLog } {
  const lines: string[] = []
  return {
    lines,
    log: new BootstrapLog(
      new Logger(({ level, parts }) => lines.push(`[${level}] ${formatLogParts(parts, false)}`)),
    ),
  }
}

const IDLE: BootstrapStatus = {
  phase: 'starting',
  progress: undefined,
  blockage: undefined,
  isConnected: false,
}

test('a bootstrap reads as in the log of C tor', () => {
  const { lines, log } = recorder()
  for (const phase of BOOTSTRAP_PHASES) log.report({ ...IDLE, phase })
  expect(lines).toEqual(
    [
      '0% (starting): Starting',
      '5% (conn): Connecting to a relay',
      '10% (conn_done): Connected to a relay',
      '14% (handshake): Handshaking with a relay',
      '15% (handshake_done): Handshake with a relay done',
      '20% (onehop_create): Establishing an encrypted directory connection',
      '25% (requesting_status): Asking for networkstatus consensus',
      '30% (loading_status): Loading networkstatus consensus',
      '40% (loading_keys): Loading authority key certs',
      '45% (requesting_descriptors): Asking for relay descriptors',
      '50% (loading_descriptors): Loading relay descriptors',
      '75% (enough_dirinfo): Loaded enough directory info to build circuits',
      '80% (ap_conn): Connecting to a relay to build circuits',
      '85% (ap_conn_done): Connected to a relay to build circuits',
      '89% (ap_handshake): Finishing handshake with a relay to build circuits',
      '90% (ap_handshake_done): Handshake finished with a relay to build circuits',
      '95% (circuit_create): Establishing a Tor circuit',
      '100% (done): Done',
    ].map((line) => `[notice] Bootstrapped ${line}`),
  )
})

test('the percents never go back and are not repeated', () => {
  const { lines, log } = recorder()
  for (const phase of ['conn', 'onehop-create', 'conn', 'onehop-create', 'done', 'conn', 'done'] as const) {
    log.report({ ...IDLE, phase })
  }
  expect(lines.map((line) => /\d+%/.exec(line)?.[0])).toEqual(['5%', '20%', '100%'])
})

test('loading of descriptors moves in steps and stays below the next phase', () => {
  const { lines, log } = recorder()
  for (let done = 0; done <= 100; done++) {
    log.report({ ...IDLE, phase: 'loading-descriptors', progress: { done, total: 100 } })
  }
  expect(lines.map((line) => /\d+%/.exec(line)?.[0])).toEqual(['50%', '55%', '60%', '65%', '70%'])
})

test('what it is stuck at is a warning, once it is more than bad luck and not with every try', () => {
  const { lines, log } = recorder()
  const blockage: Blockage = {
    stuckAt: 'conn',
    kind: 'channel-failed',
    reason: 'refused',
    sinceMs: 0,
    failures: 1,
  }
  for (let failures = 1; failures <= 12; failures++) {
    log.report({ ...IDLE, phase: 'conn', blockage: { ...blockage, failures } })
  }
  const words = 'Problem bootstrapping. Stuck at 5% (conn): Connecting to a relay. '
  expect(lines.slice(1)).toEqual(
    [3, 6, 12].map(
      (count) => `[warn] ${words}(refused; channel-failed; count ${count}; recommendation warn)`,
    ),
  )
})
