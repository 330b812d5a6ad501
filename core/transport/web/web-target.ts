/** Where a web request goes: read from its URL, once, into what is dialled, what is asked for, and whether TLS is spoken. */
import { TorError } from '../../util/errors.ts'
import { checkServerName } from './look-up-name.ts'

export interface WebTarget {
  readonly isTls: boolean
  /** A name in lower case, or an IP literal without brackets. */
  readonly host: string
  readonly port: number
  /** As a browser sends it: with the port where it is not the scheme's own. */
  readonly hostHeader: string
  /** As it goes into the request line, escaped, with the query. */
  readonly path: string
}

/** Throws `bad-config`, in words without the URL, which is a secret of the user's in a bridge line. */
export function parseWebUrl(text: string): WebTarget {
  const url = readUrl(text)
  const isTls = url?.protocol === 'https:'
  if (url === undefined || !(isTls || url.protocol === 'http:') || url.hostname === '') {
    throw new TorError('bad-config', 'a web address begins with https:// or http:// and a name')
  }
  if (url.username !== '' || url.password !== '') {
    throw new TorError('bad-config', 'a web address has no user name and no password')
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  checkServerName(host)
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port)
  if (port === 0) throw new TorError('bad-config', 'a web address has a port from 1 to 65535')
  return { isTls, host, port, hostHeader: url.host, path: `${url.pathname}${url.search}` }
}

const FRONT = /^([^:]+)(?::([0-9]{1,5}))?$/
const MAX_PORT = 65_535

/** A front's name, or name and port; undefined where it names no port. Throws `bad-config`, in words without it. */
export function parseFront(text: string): { readonly host: string; readonly port: number | undefined } {
  const [, host = '', digits] = FRONT.exec(text) ?? []
  const name = host.toLowerCase()
  checkServerName(name)
  const port = digits === undefined ? undefined : Number(digits)
  if (port === 0 || (port ?? 0) > MAX_PORT) {
    throw new TorError('bad-config', 'the port of a front is a number from 1 to 65535')
  }
  return { host: name, port }
}

function readUrl(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}
