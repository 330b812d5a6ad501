/** SocksPort and HTTPTunnelPort: where applications may come in, and what keeps them apart. */
import { isIPv4, isIPv6 } from 'node:net'
import type { Endpoint } from '../../linkspec/relay-target.ts'
import { TorError } from '../../util/errors.ts'
import { badValue, quoteForMessage } from '../torrc-line.ts'

export interface PortSetting {
  /** Undefined for port 0: "do not listen". Port 0 within it stands for `auto`. */
  readonly endpoint: Endpoint | undefined
  /** SessionGroup=N; undefined gives the listener a group of its own. */
  readonly sessionGroup: number | undefined
  readonly isolateSocksAuth: boolean
  readonly isolateClientAddr: boolean
  readonly isolateClientProtocol: boolean
}

const LOOPBACK = '127.0.0.1'
const PORT = /^(0|[1-9][0-9]{0,4})$/
const SESSION_GROUP = /^sessiongroup=([0-9]{1,9})$/i

/** `[address:]port|auto [flags]`. Throws `bad-config`; unix sockets and flags that we cannot honour are refused in words. */
export function parsePortSetting(text: string, option: string): PortSetting {
  const [where = '', ...flags] = text.split(/[ \t]+/)
  if (where.toLowerCase().startsWith('unix:')) {
    throw new TorError(
      'bad-config',
      `${option}: unix sockets are not supported by this release: name an IP address and port`,
    )
  }
  const endpoint = parseEndpoint(where, option)
  let setting: PortSetting = {
    endpoint,
    sessionGroup: undefined,
    isolateSocksAuth: true,
    isolateClientAddr: true,
    isolateClientProtocol: true,
  }
  for (const flag of flags) setting = applyFlag(setting, flag, option)
  return setting
}

function parseEndpoint(where: string, option: string): Endpoint | undefined {
  if (where === '0') return undefined
  const colon = where.lastIndexOf(':')
  const hostText = colon === -1 ? LOOPBACK : where.slice(0, colon)
  const portText = where.slice(colon + 1).toLowerCase()
  const host = /^\[.*\]$/.test(hostText) ? hostText.slice(1, -1) : hostText
  const isAddress = isIPv4(hostText) || (host !== hostText && isIPv6(host) && !host.includes('%'))
  const port = portText === 'auto' ? 0 : Number(portText)
  const isPort = portText === 'auto' || (PORT.test(portText) && port >= 1 && port <= 65_535)
  if (!isAddress || !isPort) badValue(option, '0, auto, a port, or an IP address with a port', where)
  return { host, port }
}

function applyFlag(setting: PortSetting, flag: string, option: string): PortSetting {
  const group = SESSION_GROUP.exec(flag)?.[1]
  if (group !== undefined) return { ...setting, sessionGroup: Number(group) }
  switch (flag.toLowerCase()) {
    case 'isolatesocksauth':
      return { ...setting, isolateSocksAuth: true }
    case 'noisolatesocksauth':
      return { ...setting, isolateSocksAuth: false }
    case 'isolateclientaddr':
      return { ...setting, isolateClientAddr: true }
    case 'noisolateclientaddr':
      return { ...setting, isolateClientAddr: false }
    case 'isolateclientprotocol':
      return { ...setting, isolateClientProtocol: true }
    case 'noisolateclientprotocol':
      return { ...setting, isolateClientProtocol: false }
    // These say what is so in any case.
    case 'noisolatedestaddr':
    case 'noisolatedestport':
      return setting
    default:
      throw new TorError(
        'bad-config',
        `${option}: the flag ${quoteForMessage(flag)} is not supported by this release`,
      )
  }
}
