/** Which probes each check is made of, by how the person wants to be seen. Pure. */
import { isIP } from 'node:net'
import type { Probe } from '../host/probes/probe.ts'
import type { Settings } from '../ipc/settings.ts'
import type { DoctorCheck, DoctorPlanRow } from '../ipc/snapshot-doctor.ts'
import { DOCTOR_CHECKS } from '../ipc/snapshot-doctor.ts'
import type { DoctorTargets } from './doctor-targets.ts'

export interface PlannedProbe {
  readonly probe: Probe
  /** What a person is told of it; nothing where nothing leaves this computer. */
  readonly shown: string | undefined
  readonly role: ProbeRole
}

/** What its answer is evidence of. */
export type ProbeRole = 'known-name' | 'missing-name' | 'tor-name' | 'plain'

export type DoctorPlan = Readonly<Record<DoctorCheck, readonly PlannedProbe[]>>

export interface PlanParts {
  readonly settings: Pick<Settings, 'entry' | 'upstreamProxy'>
  /** Undefined: nobody is asked, as on a network of one's own. */
  readonly targets: DoctorTargets | undefined
  /** Of chance, so that nobody can have registered the name. */
  readonly label: string
}

const NOTHING: DoctorPlan = {
  link: [{ probe: { kind: 'link' }, shown: undefined, role: 'plain' }],
  proxy: [],
  tcp: [],
  portal: [],
  clock: [],
  names: [],
  tls: [],
  udp: [],
  ports: [],
}

/** Whoever has not said that Tor may be seen is asked before each run. */
export function mustAsk({ entry }: Pick<Settings, 'entry'>): boolean {
  return entry !== 'direct'
}

/** Looks at this computer alone. */
export function quietPlan(): DoctorPlan {
  return NOTHING
}

export function fullPlan({ settings, targets, label }: PlanParts): DoctorPlan {
  if (targets === undefined) return NOTHING
  const { upstreamProxy: proxy } = settings
  const isOpen = !mustAsk(settings)
  // A proxy is given addresses: what name is meant is nobody's business on the way.
  const servers = proxy === null ? targets.servers : targets.servers.filter(({ host }) => isIP(host) !== 0)
  const tcp = servers.map(({ host, port }) =>
    plain({ kind: 'tcp', host, port, proxy }, endpointText(host, port)),
  )
  const tls = servers.map(({ host, port, name }) =>
    plain({ kind: 'tls', host, port, name, proxy, ca: targets.ca }, name),
  )
  // A network that wants a proxy is not asked past it: nothing else would tell anything, or it would tell too much.
  if (proxy !== null) return { ...NOTHING, proxy: tcp, tls }
  return {
    ...NOTHING,
    tcp,
    portal: targets.portal.map((answer) => plain({ kind: 'http', ...answer }, new URL(answer.url).host)),
    names: namePlan(targets, label, isOpen),
    tls,
    udp: targets.stun.map(({ host, port }) => plain({ kind: 'stun', host, port }, endpointText(host, port))),
    ports: isOpen
      ? targets.ports.map(({ host, port }) =>
          plain({ kind: 'tcp', host, port, proxy: null }, endpointText(host, port)),
        )
      : [],
  }
}

function namePlan(targets: DoctorTargets, label: string, isOpen: boolean): readonly PlannedProbe[] {
  const { knownNames, missingName, torNames } = targets
  const look = (name: string, role: ProbeRole, shown = name): PlannedProbe => ({
    probe: { kind: 'resolve', name },
    shown,
    role,
  })
  return [
    ...knownNames.map(({ name }) => look(name, 'known-name')),
    ...(missingName === null ? [] : [look(`${label}.${missingName}`, 'missing-name', `….${missingName}`)]),
    ...(isOpen ? torNames.map((name) => look(name, 'tor-name')) : []),
  ]
}

/** What is shown before a run. */
export function planRows(plan: DoctorPlan): readonly DoctorPlanRow[] {
  return DOCTOR_CHECKS.map((check) => ({
    check,
    asks: [...new Set(plan[check].flatMap(({ shown }) => shown ?? []))],
  }))
}

function plain(probe: Probe, shown: string): PlannedProbe {
  return { probe, shown, role: 'plain' }
}

function endpointText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
