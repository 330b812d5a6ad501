/** A connection doctor with a network that the test plays. */
import { Doctor } from '../../../../electron/doctor/doctor.ts'
import { DOCTOR_TARGETS, type DoctorTargets } from '../../../../electron/doctor/doctor-targets.ts'
import type { Probe, ProbeResult } from '../../../../electron/host/probes/probe.ts'
import { DEFAULT_SETTINGS, type Settings } from '../../../../electron/ipc/settings.ts'
import type { DoctorCheck, DoctorResult, DoctorView } from '../../../../electron/ipc/snapshot-doctor.ts'
import { NOW_MS } from '../bridges/support.ts'

export type Network = (probe: Probe) => ProbeResult | Promise<ProbeResult>

const REACHED: ProbeResult = { kind: 'reached' }

/** Everything as it should be. */
export const OPEN_NETWORK: Network = (probe) => {
  switch (probe.kind) {
    case 'link':
      return { kind: 'link', ipv4: 1, ipv6: 0, selfAssigned: 0 }
    case 'http':
      return { kind: 'http', isExpected: true, status: probe.status, clockAheadMs: 400 }
    case 'resolve': {
      const known = DOCTOR_TARGETS.knownNames.find(({ name }) => name === probe.name)
      if (known !== undefined) return { kind: 'resolved', addresses: known.addresses }
      return probe.name.startsWith('chance')
        ? { kind: 'failed', why: 'no-name' }
        : { kind: 'resolved', addresses: ['198.51.100.3'] }
    }
    case 'tcp':
    case 'tls':
    case 'stun':
      return REACHED
  }
}

/** The open network, but for some kinds of questions. */
export function networkBut(different: (probe: Probe) => ProbeResult | undefined): Network {
  return (probe) => different(probe) ?? OPEN_NETWORK(probe)
}

export interface DoctorRig {
  readonly doctor: Doctor
  readonly asked: Probe[]
  readonly views: DoctorView[]
  readonly view: () => DoctorView
  readonly result: (check: DoctorCheck) => DoctorResult | undefined
  readonly change: (settings: Partial<Settings>) => void
  /** How many processes were started, and how many of them have ended. */
  readonly hosts: { opened: number; ended: number }
}

export function createDoctor(
  options: {
    readonly settings?: Partial<Settings>
    readonly network?: Network
    readonly targets?: DoctorTargets | undefined
    readonly hasTargets?: boolean
    readonly coreClockAheadMs?: number
  } = {},
): DoctorRig {
  let settings: Settings = { ...DEFAULT_SETTINGS, entry: 'direct', ...options.settings }
  const asked: Probe[] = []
  const views: DoctorView[] = []
  const hosts = { opened: 0, ended: 0 }
  const network = options.network ?? OPEN_NETWORK
  const doctor = new Doctor({
    clock: { wallMs: () => NOW_MS },
    log: () => undefined,
    publish: (view) => views.push(view),
    settings: () => settings,
    targets: options.hasTargets === false ? undefined : DOCTOR_TARGETS,
    coreClockAheadMs: () => options.coreClockAheadMs,
    openHost: () => {
      hosts.opened++
      let end = (): void => undefined
      const gone = new Promise<never>((_, reject) => {
        end = () => reject(new Error('the process is gone'))
      })
      gone.catch(() => undefined)
      return {
        probe: (probe) => {
          asked.push(probe)
          return Promise.race([Promise.resolve(network(probe)), gone])
        },
        end: () => {
          hosts.ended++
          end()
        },
      }
    },
    label: () => 'chance',
  })
  const view = (): DoctorView => views.at(-1) ?? raise()
  return {
    doctor,
    asked,
    views,
    view,
    hosts,
    result: (check) => view().results.find((result) => result.check === check),
    change: (next) => {
      settings = { ...settings, ...next }
      doctor.onSettings()
    },
  }
}

function raise(): never {
  throw new Error('nothing was published')
}
