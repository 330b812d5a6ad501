/** A core host for the doctor's questions alone: the same program as the core's, never told to start a core. */
import type { Clock } from '../clock.ts'
import { type HostProcess, HostRun } from '../host/host-run.ts'
import type { AppLog } from '../parts.ts'
import type { ProbeHost } from './doctor.ts'

export function openProbeHost(spawn: () => HostProcess, clock: Clock, log: AppLog): ProbeHost {
  const run = new HostRun(spawn(), clock, {
    onStatus: () => undefined,
    onLog: () => undefined,
    onEnd: ({ detail }) => log('debug', `doctor: its process has ended (${detail})`),
  })
  return {
    probe: (probe) => run.call('doctor.probe', probe),
    end: () => {
      if (!run.hasEnded) run.kill()
    },
  }
}
