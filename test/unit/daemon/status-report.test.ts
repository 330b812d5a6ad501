import { describe, expect, test } from 'vitest'
import type { ClientStatus } from '../../../core/client/status.ts'
import { Heartbeat } from '../../../core/daemon/heartbeat.ts'
import { formatUptime, reportHeartbeat, reportStatus } from '../../../core/daemon/status-report.ts'
import { formatLogParts } from '../../../core/util/log.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { STATUS } from './program-run.ts'

const FINGERPRINT = 'D586D18309DED4CD6D57C18FDB97EFA96D330566'
const BUSY: ClientStatus = {
  ...STATUS,
  channels: [{ relay: FINGERPRINT, endpoint: '192.0.2.7:9001', state: 'open', circuits: 2 }],
  circuits: [
    {
      ...{ id: 3, setId: undefined, state: 'open', purpose: 'exit', streams: 1, createdMs: 4_000 },
      ...{ sites: ['secret.example'], isRetired: false, builtHops: 1, readBytes: 1, writtenBytes: 1 },
      hops: [
        {
          ...{
            nickname: 'guardian',
            fingerprint: FINGERPRINT,
            country: undefined,
            address: '192.0.2.7:9001',
          },
          ...{ flags: [], rttMs: undefined, reason: { kind: 'guard', sinceMs: undefined } },
        },
      ],
    },
    {
      ...{ id: 4, setId: 9, state: 'building', purpose: 'exit', streams: 0, createdMs: 9_000 },
      ...{ hops: [], sites: [], isRetired: false, builtHops: 0, readBytes: 0, writtenBytes: 0 },
    },
  ],
  streams: [
    { id: 1, circuitId: 3, state: 'open', target: 'secret.example:443', site: 'secret.example' },
    { id: 2, circuitId: 4, state: 'open', target: 'secret.example:443', site: 'secret.example' },
  ],
  bandwidth: { readBytes: 5_500_000, writtenBytes: 20_000 },
}

const text = (status: ClientStatus, reveals: boolean): string =>
  reportStatus(status, 10_000, 10_000)
    .map((line) => formatLogParts(line, reveals))
    .join('\n')

describe('the report of the state', () => {
  test('counts channels, circuits and streams, and tells the traffic', () => {
    expect(text(BUSY, false)).toBe(
      'Dumping stats:\n' +
        'Up 0:00 hours, bootstrapped 0% (starting), not connected.\n' +
        'Channels: 1 (1 open)\n' +
        '  channel to [scrubbed]: open, 2 circuits\n' +
        'Circuits: 2 (1 open, 1 building)\n' +
        '  circuit 3: exit, open, 6 seconds old, 1 streams, path [scrubbed]\n' +
        '  circuit 4 of set 9: exit, building, 1 seconds old, 0 streams, path [scrubbed]\n' +
        'Streams: 2 (2 open)\n' +
        '  stream 1 to [scrubbed]: open on circuit 3\n' +
        '  stream 2 to [scrubbed]: open on set 9\n' +
        'Bandwidth: 5.50 MB received (550000 bytes/sec), 20 kB sent (2000 bytes/sec)',
    )
  })

  test('names relays and targets with SafeLogging 0 only', () => {
    for (const word of ['guardian', FINGERPRINT, '192.0.2.7', 'secret.example']) {
      expect(text(BUSY, false)).not.toContain(word)
      expect(text(BUSY, true)).toContain(word)
    }
  })

  test('is bounded, whatever is open', () => {
    const [stream] = BUSY.streams
    const streams = Array.from({ length: 5_000 }, (_, id) => ({
      state: 'open' as const,
      circuitId: 3,
      target: '',
      site: '',
      ...stream,
      id,
    }))
    const shown = text({ ...BUSY, streams }, false)
    expect(shown.split('\n').length).toBeLessThan(80)
    expect(shown).toContain('Streams: 5000 (5000 open)')
    expect(shown).toContain('  and 4950 more')
  })
})

describe('the heartbeat', () => {
  test('says what C tor says', () => {
    expect(formatLogParts(reportHeartbeat(BUSY, 6 * 3_600_000), false)).toBe(
      "Heartbeat: Allium's uptime is 6:00 hours, with 1 circuits open. I've sent 20 kB and received 5.50 MB.",
    )
  })

  test.each([
    [0, '0:00 hours'],
    [3_660_000, '1:01 hours'],
    [90_000_000, '1 day 1:00 hours'],
    [180_000_000, '2 days 2:00 hours'],
  ])('counts %d ms as %s', (uptimeMs, words) => {
    expect(formatUptime(uptimeMs)).toBe(words)
  })

  test('comes every period, follows a change of it, and stops', () => {
    const clock = manualClock()
    let beats = 0
    const heartbeat = new Heartbeat(clock, () => beats++)
    heartbeat.setPeriod(3_600_000)
    clock.advance(3_599_000)
    // Saying the same again is no reason to begin anew.
    heartbeat.setPeriod(3_600_000)
    clock.advance(1_000)
    expect(beats).toBe(1)
    heartbeat.setPeriod(1_800_000)
    clock.advance(3_600_000)
    expect(beats).toBe(3)
    heartbeat.setPeriod(undefined)
    clock.advance(86_400_000)
    expect(beats).toBe(3)
  })
})
