/** What this computer's interfaces say: whether it has an address that leads anywhere. Pure. */
import type { NetworkInterfaceInfo } from 'node:os'
import type { ProbeResult } from './probe.ts'

/** What `os.networkInterfaces` gives. */
type Interfaces = Readonly<
  Record<string, readonly Pick<NetworkInterfaceInfo, 'family' | 'address' | 'internal'>[] | undefined>
>

const MOST = 1_000

export function viewLinks(interfaces: Interfaces): Extract<ProbeResult, { kind: 'link' }> {
  const outside = Object.values(interfaces).flatMap((list) =>
    (list ?? []).filter(({ internal }) => !internal),
  )
  const v4 = outside.filter(({ family }) => family === 'IPv4')
  const v6 = outside.filter(({ family }) => family === 'IPv6')
  // Every interface has a link-local address of IPv6; of IPv4 only one that got no other (RFC 3927).
  const selfAssigned = v4.filter(({ address }) => address.startsWith('169.254.'))
  const routed6 = v6.filter(({ address }) => !/^fe[89ab]/i.test(address))
  return {
    kind: 'link',
    ipv4: Math.min(MOST, v4.length - selfAssigned.length),
    ipv6: Math.min(MOST, routed6.length),
    selfAssigned: Math.min(MOST, selfAssigned.length),
  }
}
