/**
 * TLS to a relay (tor-spec 2). The X.509 chain proves nothing here: the relay's identity is checked by the CERTS
 * message against the leaf certificate, whose raw bytes this file hands over.
 */
import type { OnReadOpts } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { NO_RENEGOTIATION } from '../crypto/tls-options.ts'
import { connectThroughProxy } from '../transport/proxy-dialler.ts'
import { waitOnSocket } from '../transport/socket-wait.ts'
import { connectionError } from '../transport/tcp-dialler.ts'
import type { TlsCarrier } from '../transport/transport.ts'
import { transportParts } from '../transport/transport-parts.ts'
import { throwIfAborted } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { TorError } from '../util/errors.ts'
import { type Random, randomBelow, randomBytes } from '../util/random.ts'

/** One read takes at most four full TLS records. The buffer is borrowed to the callback and filled again after it. */
const READ_BUFFER_BYTES = 65_536

/** The order of a browser, as C tor's clients send it; see docs/adr for what a censor can still tell apart. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-RSA-AES256-SHA',
  'DHE-RSA-AES128-SHA',
  'DHE-RSA-AES256-SHA',
  'AES128-SHA',
  'AES256-SHA',
].join(':')

/** What a link tells its channel. */
export interface TlsLinkSink {
  /** Bytes from the relay: `buffer[0, length)` is valid during the call only. */
  onBytes(buffer: Buffer, length: number): void
  /** The link can take more after `write` returned false. */
  onDrain(): void
  /** Comes once; nothing follows. */
  onClose(error: TorError): void
}

export interface TlsLink {
  /** SHA-256 is taken of this by the CERTS check: the DER of the certificate that the relay showed. */
  readonly peerCertificate: Buffer
  /** Writes several buffers as one burst. Returns false when the link's buffer is full: wait for `onDrain`. */
  write(buffers: readonly Buffer[]): boolean
  destroy(): void
}

const BASE32_DIGITS = 'abcdefghijklmnopqrstuvwxyz234567'

/** `www.<8 to 20 base32 digits>.com`, new for each link, as C tor does. */
function randomServerName(random: Random): string {
  const length = 8 + randomBelow(random, 13)
  const digits = [...randomBytes(random, length)].map((byte) => BASE32_DIGITS[byte % 32])
  return `www.${digits.join('')}.com`
}

function tlsOptions(random: Random): ConnectionOptions {
  return {
    servername: randomServerName(random),
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    // The certificate that CERTS was held against is that of the first handshake.
    secureOptions: NO_RENEGOTIATION,
  }
}

/** `onread` is documented for TLS too, for connections that TLS dials itself; the types have it for `net` only. */
function dialTls(carrier: TlsCarrier & { kind: 'tcp' }, { sink, random }: TlsLinkParts): TLSSocket {
  const buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)
  const { relay, localAddress } = carrier
  const options: ConnectionOptions & { onread: OnReadOpts; localAddress?: string } = {
    ...tlsOptions(random),
    host: relay.host,
    port: relay.port,
    ...(localAddress === undefined ? {} : { localAddress }),
    onread: {
      buffer,
      callback: (length) => {
        sink.onBytes(buffer, length)
        return true
      },
    },
  }
  return connectTls(options)
}

/** TLS over what a proxy or a transport has connected; here Node hands over the bytes in buffers of its own. */
function wrapTls(socket: Duplex, { sink, random }: TlsLinkParts): TLSSocket {
  const tls = connectTls({ ...tlsOptions(random), socket })
  tls.on('data', (bytes: Buffer) => sink.onBytes(bytes, bytes.length))
  return tls
}

export interface TlsLinkParts {
  readonly sink: TlsLinkSink
  readonly random: Random
  readonly clock: Clock
  /** The relay is reached, through the proxy or the transport if there is one; TLS begins. */
  readonly onCarrierReady: () => void
}

/**
 * Connects and runs the TLS handshake. Resolves when it is done; rejects with `channel-failed`, `proxy-failed`, or the
 * signal's error, with nothing left open.
 */
export async function openTlsLink(
  carrier: TlsCarrier,
  parts: TlsLinkParts,
  signal: AbortSignal,
): Promise<TlsLink> {
  throwIfAborted(signal)
  if (carrier.kind === 'tcp') return finishTls(dialTls(carrier, parts), parts, signal)
  const socket =
    carrier.kind === 'pluggable'
      ? await connectByTransport(carrier, parts, signal)
      : await connectThroughProxy(carrier, parts.clock, signal)
  if (signal.aborted) socket.destroy()
  throwIfAborted(signal)
  parts.onCarrierReady()
  return finishTls(wrapTls(socket, parts), parts, signal)
}

function connectByTransport(
  { transport, bridge, way, outside }: TlsCarrier & { kind: 'pluggable' },
  tools: TlsLinkParts,
  signal: AbortSignal,
): Promise<Duplex> {
  return transport.connect(bridge, transportParts(way, outside, tools), signal)
}

function finishTls(tls: TLSSocket, parts: TlsLinkParts, signal: AbortSignal): Promise<TlsLink> {
  // Before the handshake, whose last message would else wait for an acknowledgement of the one before.
  tls.setNoDelay(true)
  return waitOnSocket(tls, signal, (wait) => {
    let isConnected = !tls.connecting
    wait.on('error', (error: Error) =>
      wait.fail(connectionError(error, isConnected ? 'TLS with' : 'connecting to')),
    )
    wait.on('close', () =>
      wait.fail(new TorError('channel-failed', 'the relay closed during TLS', { retry: 'elsewhere' })),
    )
    wait.on('connect', () => {
      isConnected = true
      parts.onCarrierReady()
    })
    wait.on('secureConnect', () => {
      const certificate = tls.getPeerCertificate(true).raw as Buffer | undefined
      if (certificate === undefined) {
        return wait.fail(new TorError('wrong-identity', 'the relay showed no TLS certificate'))
      }
      wait.succeed(() => attachLink(tls, parts.sink, certificate))
    })
  })
}

function attachLink(tls: TLSSocket, sink: TlsLinkSink, certificate: Buffer): TlsLink {
  let cause: Error | undefined
  tls.on('error', (error: Error) => {
    cause = error
  })
  tls.on('drain', () => sink.onDrain())
  // With a read buffer of our own the end of the stream comes as 'end'; either side's end closes a Tor link.
  tls.on('end', () => tls.destroy())
  tls.on('close', () => {
    sink.onClose(
      cause === undefined
        ? new TorError('channel-failed', 'the relay closed the channel', { retry: 'elsewhere' })
        : connectionError(cause, 'the channel to'),
    )
  })
  return {
    peerCertificate: certificate,
    write(buffers) {
      if (tls.destroyed) return true
      // One big write costs half of what several corked ones do, copy included.
      const [first] = buffers
      return tls.write(buffers.length === 1 && first !== undefined ? first : Buffer.concat(buffers))
    },
    destroy: () => void tls.destroy(),
  }
}
