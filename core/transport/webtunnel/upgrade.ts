/**
 * The request that turns an HTTP connection into a tunnel, and the answer to it. It asks for a WebSocket and means none: no
 * key is sent, and what follows the answer are raw bytes. Pure.
 */
import { isTorError, TorError } from '../../util/errors.ts'
import { headerTokens, HttpHeadReader, parseResponseHead, type ResponseHead } from '../../util/http-head.ts'

/** Byte for byte as lyrebird and the reference client send it: the servers see no difference between their users. */
export function upgradeRequest(host: string, path: string): Buffer {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host.includes(':') ? `[${host}]` : host}`,
    'User-Agent: Go-http-client/1.1',
    'Connection: upgrade',
    'Upgrade: websocket',
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

/** A CDN before the server may add cookies and traces. */
const MAX_HEAD_BYTES = 32_768
/** A head, and what one read brings behind it. */
const MAX_HELD_BYTES = MAX_HEAD_BYTES + 131_072
const MAX_INTERIM_HEADS = 8
const SWITCHING_PROTOCOLS = 101

/** What a status says about the line and the bridge. */
const BY_STATUS: ReadonlyMap<number, string> = new Map([
  [200, 'answers with a page (200): the path of its line may be wrong, or the bridge is gone'],
  [400, 'does not take the request (400): the path of its line may be wrong'],
  [403, 'refuses the request (403): it may not let us in, or the path of its line may be wrong'],
  [404, 'knows no such path (404): the path of its line may be wrong'],
  [421, 'is not the one for this name (421): the server name of its line may be wrong'],
  [429, 'has had too many requests (429)'],
  [502, 'cannot reach the bridge behind it (502)'],
  [503, 'cannot reach the bridge behind it (503)'],
  [504, 'waits in vain for the bridge behind it (504)'],
])

export class UpgradeAnswerReader {
  readonly #heads = new HttpHeadReader({
    maxHeadBytes: MAX_HEAD_BYTES,
    maxHeldBytes: MAX_HELD_BYTES,
    allowsBareLf: false,
  })
  #interimHeads = 0

  /**
   * Returns the first bytes of the tunnel, which may be none, when the answer is whole and opens it. Throws
   * `channel-failed`, in words, for any other answer.
   */
  push(bytes: Buffer): Buffer | undefined {
    try {
      this.#heads.push(bytes)
      for (;;) {
        const lines = this.#heads.next()
        if (lines === undefined) return undefined
        if (this.#opens(parseResponseHead(lines))) return this.#heads.takeRest()
      }
    } catch (error) {
      if (!isTorError(error) || error.kind === 'channel-failed') throw error
      throw upgradeFailed('does not answer in HTTP', error)
    }
  }

  #opens({ status, headers }: ResponseHead): boolean {
    if (status === SWITCHING_PROTOCOLS) {
      if (headerTokens(headers, 'upgrade').includes('websocket')) return true
      throw upgradeFailed('changes to another protocol than was asked for')
    }
    if (status >= 200) {
      const elsewhere = status < 400 ? 'sends us elsewhere' : 'does not open the tunnel'
      throw upgradeFailed(BY_STATUS.get(status) ?? `${elsewhere}: status ${status}`)
    }
    if (++this.#interimHeads > MAX_INTERIM_HEADS) throw upgradeFailed('answers without end')
    return false
  }
}

export function upgradeFailed(what: string, cause?: unknown): TorError {
  return new TorError('channel-failed', `the web server in front of the bridge ${what}`, {
    cause,
    retry: 'elsewhere',
  })
}
