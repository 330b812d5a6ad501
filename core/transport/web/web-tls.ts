/**
 * TLS to a web server, whose certificate is checked as a browser checks it: for the name that is shown, for another one
 * where a bridge line says so, or against a pin of the line.
 */
import type { Duplex } from 'node:stream'
import {
  checkServerIdentity,
  type ConnectionOptions,
  connect as connectTls,
  type DetailedPeerCertificate,
  type TLSSocket,
} from 'node:tls'
import { isIP } from 'node:net'
import { sha256 } from '../../crypto/hash.ts'
import type { Clock } from '../../util/clock.ts'
import { codeOrName, TorError } from '../../util/errors.ts'
import { waitOnSocket } from '../socket-wait.ts'
import { TransportIdentityError } from '../transport-identity-error.ts'
import type { TlsHello } from './tls-hello.ts'

/** Two round trips and a few kilobytes, on the slowest of lines. */
const TLS_TIMEOUT_MS = 15_000
/** A chain that browsers take has three or four; a server's is not walked for ever. */
const MAX_CHAIN = 16

export interface WebTlsQuestion {
  /** What the hello shows; nothing where it is an IP literal. */
  readonly serverName: string
  /** Whom the certificate must be for, or the SHA-256 that its chain must have, which then proves all. */
  readonly proof: { readonly name: string } | { readonly chainHash: Buffer }
  readonly hello: TlsHello
  /** Undefined: no ALPN in the hello. */
  readonly protocol: 'http/1.1' | undefined
  /** The authorities to trust, PEM; undefined: those that the platform has. */
  readonly roots: readonly string[] | undefined
}

/**
 * Speaks TLS over `socket`, which is its own from here on, and resolves with a paused socket. Rejects with `channel-failed`,
 * `wrong-identity` for a certificate that proves nothing, or the signal's error; nothing is left open then.
 */
export function openWebTls(
  socket: Duplex,
  question: WebTlsQuestion,
  clock: Clock,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const tls = connectTls({ ...optionsOf(question), socket })
  tls.pause()
  return waitOnSocket(tls, signal, (wait) => {
    const timer = clock.setTimer(TLS_TIMEOUT_MS, () =>
      wait.fail(tlsFailed('the web server does not answer the TLS handshake')),
    )
    wait.onEnd(() => timer.cancel())
    wait.on('error', (error: Error) => wait.fail(explain(error)))
    wait.on('close', () =>
      wait.fail(tlsFailed('the web server closed the connection during the TLS handshake')),
    )
    wait.on('secureConnect', () => {
      const { proof } = question
      if ('chainHash' in proof && !hasChainHash(tls.getPeerCertificate(true), proof.chainHash)) {
        return wait.fail(
          new TransportIdentityError("the web server's certificate is not the one that is pinned"),
        )
      }
      wait.succeed(() => tls)
    })
  })
}

function optionsOf({ serverName, proof, hello, protocol, roots }: WebTlsQuestion): ConnectionOptions {
  return {
    ...hello,
    minVersion: 'TLSv1.2',
    // A literal may not stand in the hello (RFC 6066 3), and Node would take the socket's address for want of a name.
    servername: isIP(serverName) === 0 ? serverName : '',
    ...(protocol === undefined ? {} : { ALPNProtocols: [protocol] }),
    ...(roots === undefined ? {} : { ca: [...roots] }),
    // With a pin, the chain's hash says all; it is compared before a byte is sent.
    rejectUnauthorized: !('chainHash' in proof),
    checkServerIdentity: (_, certificate) =>
      'name' in proof ? checkServerIdentity(proof.name, certificate) : undefined,
  }
}

/**
 * The hash of a chain is that of its first certificate, then again and again that of the last hash and the next one's.
 * Node may add authorities that the server has not sent, so each length is looked at; the first certificate, whose key the
 * server has proved, is in all of them.
 */
function hasChainHash(leaf: DetailedPeerCertificate, expected: Buffer): boolean {
  let hash: Buffer | undefined
  let certificate: DetailedPeerCertificate | undefined = leaf
  for (let length = 0; length < MAX_CHAIN && certificate !== undefined; length++) {
    const raw = certificate.raw as Buffer | undefined
    if (raw === undefined) return false
    const own = sha256(raw)
    hash = hash === undefined ? own : sha256(hash, own)
    if (hash.equals(expected)) return true
    const issuer: DetailedPeerCertificate | undefined = certificate.issuerCertificate
    certificate = issuer === certificate ? undefined : issuer
  }
  return false
}

/** What OpenSSL calls a certificate that is no good, or good at another time. */
const DATE_FAULTS: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'])
const CERTIFICATE_FAULT =
  /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_)/

function explain(error: Error): TorError {
  const code = codeOrName(error)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new TransportIdentityError("the web server's certificate is for another name")
  }
  if (DATE_FAULTS.has(code)) {
    return new TransportIdentityError(`the web server's certificate is out of date, or our clock is: ${code}`)
  }
  if (CERTIFICATE_FAULT.test(code)) {
    return new TransportIdentityError(`the web server's certificate is signed by nobody we trust: ${code}`)
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return tlsFailed('the web server does not speak TLS', error)
  }
  return tlsFailed(`TLS with the web server failed: ${code}`, error)
}

function tlsFailed(words: string, cause?: Error): TorError {
  return new TorError('channel-failed', words, { cause, retry: 'elsewhere' })
}
