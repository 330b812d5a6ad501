/**
 * Tells one network from another without asking anybody and without keeping what would say where somebody was: the
 * default gateway's hardware address where the system tells it, else the subnets of this computer, hashed with a secret
 * that never leaves it. Pure, but for the signs at its end.
 */
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'

export interface NetworkSigns {
  /** The text of a file, or undefined: `/proc` is Linux's. */
  readonly readFile: (path: string) => string | undefined
  readonly interfaces: () => NodeJS.Dict<NetworkInterfaceInfo[]>
}

/** Hexadecimal digits of the hash that are kept: enough for the networks of a life, and no more. */
const ID_CHARS = 32
/** An entry of the neighbour table that is not resolved. */
const NO_HARDWARE_ADDRESS = '00:00:00:00:00:00'

/** Undefined when this computer has no network, or none that can be told from others. */
export function identifyNetwork(signs: NetworkSigns, secret: Buffer): string | undefined {
  const text = gateway(signs) ?? subnets(signs)
  if (text === undefined) return undefined
  return createHmac('sha256', secret).update(text).digest('hex').slice(0, ID_CHARS)
}

function gateway({ readFile }: NetworkSigns): string | undefined {
  const routes = rows(readFile('/proc/net/route'))
  // Columns: interface, destination, gateway, flags, ...; the gateway's bytes in the machine's (little-endian) order.
  const route = routes.find(([, destination, via]) => destination === '00000000' && via !== '00000000')
  const [device, , via] = route ?? []
  if (device === undefined || via === undefined) return undefined
  const address = (via.match(/../g) ?? [])
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.')
  // Columns: address, hardware type, flags, hardware address, mask, device.
  const neighbours = rows(readFile('/proc/net/arp'))
  const neighbour = neighbours.find((row) => row[0] === address && row[5] === device)
  const hardware = neighbour?.[3]
  return hardware === undefined || hardware === NO_HARDWARE_ADDRESS ? undefined : `gateway ${hardware}`
}

function rows(text: string | undefined): readonly (readonly string[])[] {
  return (text ?? '')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
}

/** Home networks look alike by these: what worked in one is then tried first in another, and nothing worse. */
function subnets({ interfaces }: NetworkSigns): string | undefined {
  const found = Object.values(interfaces())
    .flatMap((addresses = []) => addresses)
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address, netmask, family }) => `${family} ${networkOf(address, netmask)}`)
  return found.length === 0 ? undefined : `subnets ${[...new Set(found)].sort().join(',')}`
}

/** For IPv6 the first four groups: the rest is this computer's own, and changes. */
function networkOf(address: string, netmask: string): string {
  if (address.includes(':')) return address.split(':').slice(0, 4).join(':')
  const mask = netmask.split('.').map(Number)
  return address
    .split('.')
    .map((byte, at) => Number(byte) & (mask[at] ?? 0))
    .join('.')
}

/** This computer's own. */
export const SYSTEM_SIGNS: NetworkSigns = {
  readFile: (path) => {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return undefined
    }
  },
  interfaces: networkInterfaces,
}
