/** What a person types about their network, as a setting or as what is wrong with it. */
import type { UpstreamProxySetting } from '../../../electron/ipc/settings.ts'

const MAX_PORT = 65_535
/** As many as the settings take. */
const MAX_PORTS = 100

/** Digits only: `80abc`, `8e3` and `0x50` are mistakes, not ports. */
function readPort(text: string): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined
  const port = Number(text)
  return port >= 1 && port <= MAX_PORT ? port : undefined
}

export type PortsResult =
  | { readonly ok: true; readonly ports: readonly number[] }
  | { readonly ok: false; readonly fault: 'none' | 'too-many' }
  | { readonly ok: false; readonly fault: 'not-a-port'; readonly text: string }

/** Ports between commas or blanks; each once, in order. */
export function readPorts(text: string): PortsResult {
  const parts = text.split(/[\s,;]+/).filter(Boolean)
  const ports = new Set<number>()
  for (const part of parts) {
    const port = readPort(part)
    if (port === undefined) return { ok: false, fault: 'not-a-port', text: part.slice(0, 40) }
    ports.add(port)
  }
  if (ports.size === 0) return { ok: false, fault: 'none' }
  if (ports.size > MAX_PORTS) return { ok: false, fault: 'too-many' }
  return { ok: true, ports: [...ports].sort((a, b) => a - b) }
}

export interface UpstreamDraft {
  readonly kind: UpstreamProxySetting['kind']
  readonly host: string
  readonly port: string
  readonly username: string
  readonly password: string
}

export const EMPTY_UPSTREAM: UpstreamDraft = {
  kind: 'socks5',
  host: '',
  port: '',
  username: '',
  password: '',
}

export function draftOf(setting: UpstreamProxySetting | null): UpstreamDraft {
  if (setting === null) return EMPTY_UPSTREAM
  const { kind, host, port } = setting
  const hasCredentials = setting.kind !== 'socks4'
  return {
    kind,
    host,
    port: String(port),
    username: hasCredentials ? (setting.username ?? '') : '',
    password: hasCredentials ? (setting.password ?? '') : '',
  }
}

export interface UpstreamFaults {
  readonly host?: 'empty' | 'not-a-host' | 'has-a-port'
  readonly port?: 'not-a-port'
  readonly username?: 'missing' | 'too-long'
  readonly password?: 'too-long'
}

export type UpstreamResult =
  | { readonly ok: true; readonly setting: UpstreamProxySetting }
  | { readonly ok: false; readonly faults: UpstreamFaults }

/** SOCKS5 (RFC 1929) has one byte for the length of each. */
const MAX_CREDENTIAL_BYTES = 255
const isTooLong = (text: string): boolean => new TextEncoder().encode(text).length > MAX_CREDENTIAL_BYTES

export function readUpstream(draft: UpstreamDraft): UpstreamResult {
  const host = draft.host.trim()
  const port = readPort(draft.port.trim())
  const hostFault = faultOfHost(host)
  const hasCredentials = draft.kind !== 'socks4'
  const { username, password } = draft
  const faults: UpstreamFaults = {
    ...(hostFault === undefined ? {} : { host: hostFault }),
    ...(port === undefined ? { port: 'not-a-port' } : {}),
    ...(hasCredentials && username === '' && password !== '' ? { username: 'missing' } : {}),
    ...(hasCredentials && isTooLong(username) ? { username: 'too-long' } : {}),
    ...(hasCredentials && isTooLong(password) ? { password: 'too-long' } : {}),
  }
  if (port === undefined || Object.keys(faults).length > 0) return { ok: false, faults }
  if (draft.kind === 'socks4') return { ok: true, setting: { kind: 'socks4', host, port } }
  const credentials = username === '' ? {} : { username, password }
  return { ok: true, setting: { kind: draft.kind, host, port, ...credentials } }
}

/** A name, an IPv4 or an IPv6 address; the brackets of the latter may be there. */
function faultOfHost(host: string): UpstreamFaults['host'] {
  if (host === '') return 'empty'
  if (/^\[[0-9a-fA-F:.]+\]$/.test(host) || /^[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(host))
    return undefined
  if (/^[^\s:/]+:\d+$/.test(host)) return 'has-a-port'
  return host.length <= 255 && /^[\p{L}\p{N}]([\p{L}\p{N}._-]*[\p{L}\p{N}])?\.?$/u.test(host)
    ? undefined
    : 'not-a-host'
}
