/**
 * The arguments of a webtunnel bridge line, as lyrebird 0.8 reads them: `url=`, whose path is the secret; `addr=`, which is
 * dialled in the place of the URL's host; `servername=` and `sni-imitation=`, names to show in the TLS hello; and whom the
 * certificate must be for. Others (`ver=`, `utls=`) mean nothing here. The line's own address is never dialled.
 */
import { isIPv6 } from 'node:net'
import type { BridgeLine } from '../../linkspec/bridge-line.ts'
import { TorError } from '../../util/errors.ts'
import { listMembers, singleArgument } from '../line-arguments.ts'
import { checkServerName } from '../web/look-up-name.ts'
import { parseWebUrl } from '../web/web-target.ts'

export interface WebtunnelArguments {
  readonly isTls: boolean
  readonly dialled: { readonly host: string; readonly port: number }
  /** For the Host header; without a port, whatever the URL has. */
  readonly host: string
  /** For the request line. */
  readonly path: string
  /** At least one; any of them will do. */
  readonly serverNames: readonly string[]
  /** Whom the certificate must be for; undefined: the name that was shown. */
  readonly certificateName: string | undefined
  /** What the chain of certificates must be, whoever signed it. */
  readonly chainHash: Buffer | undefined
}

const CHAIN_HASH = /^[A-Za-z0-9+/]{43}=$/
const ADDRESS = /^(?:\[([^\]]+)\]|([^:[\]]+)):([0-9]{1,5})$/
const MAX_PORT = 65_535
/** A line is a few kilobytes at most; more names than this are no list of fronts. */
const MAX_SERVER_NAMES = 64

/** Throws `bad-config`, in words without any part of the line, which is a secret of the user's. */
export function parseWebtunnelArguments(line: BridgeLine): WebtunnelArguments {
  const url = singleArgument(line, 'url')
  if (url === undefined) {
    throw new TorError('bad-config', 'a webtunnel bridge line has a url=, where its web server is')
  }
  const { isTls, host, port, path } = parseWebUrl(url)
  const address = singleArgument(line, 'addr')
  const imitated = singleArgument(line, 'sni-imitation')
  const shown = singleArgument(line, 'servername') ?? imitated
  const certificateName = singleArgument(line, 'cert-domain') ?? (imitated === undefined ? undefined : host)
  if (certificateName !== undefined) checkName(certificateName)
  return {
    isTls,
    dialled: address === undefined ? { host, port } : parseAddress(address),
    host,
    path: path.replace(/\?.*$/, ''),
    serverNames: shown === undefined ? [host] : parseServerNames(shown),
    certificateName: certificateName?.toLowerCase(),
    chainHash: parseChainHash(singleArgument(line, 'cert')),
  }
}

function parseAddress(text: string): { readonly host: string; readonly port: number } {
  const [, ipv6, other, digits] = ADDRESS.exec(text) ?? []
  const host = ipv6 ?? other?.toLowerCase()
  const port = Number(digits)
  if (host === undefined || port < 1 || port > MAX_PORT || (ipv6 !== undefined && !isIPv6(ipv6))) {
    throw new TorError('bad-config', 'the addr= of a webtunnel bridge line is a host and a port')
  }
  checkName(host)
  return { host, port }
}

function parseServerNames(text: string): readonly string[] {
  const names = listMembers(text.toLowerCase())
  if (names.length === 0 || names.length > MAX_SERVER_NAMES) {
    throw new TorError(
      'bad-config',
      `a webtunnel bridge line names 1 to ${MAX_SERVER_NAMES} servers to show in the TLS hello`,
    )
  }
  for (const name of names) checkName(name)
  return names
}

function checkName(name: string): void {
  checkServerName(name.toLowerCase())
}

function parseChainHash(text: string | undefined): Buffer | undefined {
  if (text === undefined) return undefined
  if (!CHAIN_HASH.test(text)) {
    throw new TorError('bad-config', 'the cert= of a webtunnel bridge line is a SHA-256 in base64')
  }
  return Buffer.from(text, 'base64')
}
