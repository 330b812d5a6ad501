/**
 * The one place of the core that asks the system's resolver: for the servers in front of transports (a webtunnel's URL, a
 * domain front), as a browser does, and never for a relay or for anything that an application asks for. With an upstream
 * proxy it is not called at all: the proxy is given the name.
 */
import { lookup } from 'node:dns'
import { isIP } from 'node:net'
import { abortable } from '../../util/abort.ts'
import { TorError } from '../../util/errors.ts'
import { hasUsualCharacters } from '../../util/host-name.ts'

/** Resolves with IP literals in the order in which they should be tried, at least one. */
export type NameLookUp = (name: string, signal: AbortSignal) => Promise<readonly string[]>

/** RFC 1035. */
const MAX_NAME_CHARS = 253

/** `name` is lower case. Rejects with `channel-failed`, in words without the name, or with the signal's error. */
export function lookUpName(name: string, signal: AbortSignal): Promise<readonly string[]> {
  return abortable(askSystem(name), signal)
}

/** Throws `bad-config` for what no server can be called. */
export function checkServerName(name: string): void {
  if (isIP(name) !== 0) return
  if (name.length === 0 || name.length > MAX_NAME_CHARS || !hasUsualCharacters(name)) {
    throw new TorError('bad-config', 'the name of a web server has letters, digits, dots and hyphens only')
  }
}

function askSystem(name: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    lookup(name, { all: true, verbatim: true }, (error, found) => {
      const addresses = error === null ? found.map(({ address }) => address) : []
      if (addresses.length > 0) return resolve(addresses)
      const code = error?.code ?? 'no address'
      reject(
        new TorError('channel-failed', `looking up the name of the web server failed: ${code}`, {
          cause: error,
          retry: 'later',
        }),
      )
    })
  })
}
