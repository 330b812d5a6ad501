/**
 * The one error type of the core. Callers match on `kind`, never on text; the text is for people and logs and
 * never carries keys, stream data or targets.
 */

/** What went wrong, as far as a caller can act on it. */
export type ErrorKind =
  /** Bytes or text from outside do not have the form that their specification demands. */
  | 'malformed'
  /** A relay did something that the state of the channel or circuit does not explain. */
  | 'protocol-violation'
  /** A relay could not prove that it is the relay we wanted. */
  | 'wrong-identity'
  /** A TCP or TLS connection to a relay could not be made or was lost. */
  | 'channel-failed'
  /** The user's upstream proxy could not be used; the relay behind it has done nothing wrong. */
  | 'proxy-failed'
  /** A circuit could not be built, or was destroyed. */
  | 'circuit-failed'
  /** Something took longer than its limit. */
  | 'timeout'
  /** The caller's `AbortSignal` fired. */
  | 'aborted'
  /** The object was closed, by us or in good order by the other side. */
  | 'closed'
  /** The exit refused by its exit policy. */
  | 'exit-policy'
  /** A rule of the user's own forbids the request: a flag of the listener, a port, a site. */
  | 'not-allowed'
  /** The exit could not resolve the name. */
  | 'resolve-failed'
  /** The destination refused the connection. */
  | 'connection-refused'
  /** The destination dropped the connection. */
  | 'connection-reset'
  /** The exit could not connect and does not say why. */
  | 'connect-failed'
  /** The exit found no route to the destination. */
  | 'host-unreachable'
  /** The exit could not connect in time. */
  | 'connect-timeout'
  /** The exit is out of resources or hibernating. */
  | 'exit-overloaded'
  /** The destination is not one that we may ask for: internal address, bad name, onion address without support. */
  | 'bad-target'
  /** The user has blocked the site. */
  | 'blocked'
  /** There is no usable directory yet, or no path that satisfies the request. */
  | 'no-path'
  /** A directory document or its signatures are not to be trusted. */
  | 'bad-directory'
  /** A relay answered a directory request with an error status. */
  | 'directory-refused'
  /** The network requires a protocol that this release does not speak. */
  | 'obsolete-client'
  /** A configuration option is unknown or has a bad value. */
  | 'bad-config'
  /** Disk state could not be read, written or locked. */
  | 'state'
  /** What the user decided for sites is on the disk and cannot be understood: without it a block would be lifted. */
  | 'damaged-rules'
  /** A newer version of this program wrote the choice of guards: without it new ones would be chosen. */
  | 'newer-guards'
  /** A named limit (queue, count, size) was reached. */
  | 'limit'
  /** A bug of ours. */
  | 'internal'

/** When trying again makes sense. */
export type RetryAdvice = 'now' | 'elsewhere' | 'later' | 'never'

/** An error of the core: its kind, what we were doing, and when to retry. */
export class TorError extends Error {
  override readonly name = 'TorError'
  readonly kind: ErrorKind
  readonly retry: RetryAdvice

  constructor(kind: ErrorKind, message: string, options: { cause?: unknown; retry?: RetryAdvice } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.retry = options.retry ?? 'never'
  }
}

/** What a relay can fail by: everything else (our giving up, a disabled network, the user's proxy) is not its doing. */
export const FAILURES_OF_RELAYS = [
  'channel-failed',
  'timeout',
  'wrong-identity',
  'protocol-violation',
  'malformed',
] as const satisfies readonly ErrorKind[]

/** Throws the error that says what was expected and what came. */
export function malformed(what: string, expected: string, got?: string | number): never {
  throw new TorError(
    'malformed',
    got === undefined ? `${what}: expected ${expected}` : `${what}: expected ${expected}, got ${got}`,
  )
}

export function protocolViolation(what: string): TorError {
  return new TorError('protocol-violation', what)
}

/** Wraps anything thrown as a `TorError`, keeping one that already is. */
export function toTorError(
  thrown: unknown,
  kind: ErrorKind = 'internal',
  doing = 'unexpected error',
): TorError {
  if (thrown instanceof TorError) return thrown
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  return new TorError(kind, `${doing}: ${text}`, { cause: thrown })
}

export function isTorError(thrown: unknown, kind?: ErrorKind): thrown is TorError {
  return thrown instanceof TorError && (kind === undefined || thrown.kind === kind)
}

/** The system's code (`ECONNREFUSED`) behind an error, through the layers that explained it. */
export function systemCodeOf(error: unknown): string | undefined {
  let cause: unknown = error
  for (let depth = 0; depth < 5 && typeof cause === 'object' && cause !== null; depth++) {
    const code: unknown = Reflect.get(cause, 'code')
    if (typeof code === 'string') return code
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return undefined
}

/** For people and logs: the system's code, without the addresses that its words name; else the error's name. */
export function codeOrName(error: Error): string {
  return systemCodeOf(error) ?? error.name
}

/**
 * No route, no interface, or no address of our own to leave from. It is the network's fault most of the time; but a
 * router far away can say so of one relay, and so can this machine of IPv6.
 */
const WITHOUT_ROUTE: ReadonlySet<string> = new Set(['ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL'])

/** Whether a relay could not be connected to because there was no way to its address. */
export function isWithoutRoute(error: unknown): boolean {
  return isTorError(error, 'channel-failed') && WITHOUT_ROUTE.has(systemCodeOf(error) ?? '')
}

/** For the `default` of an exhaustive switch: the type checker proves that it is never reached. */
export function unreachable(value: never): never {
  throw new TorError('internal', `unreachable case: ${JSON.stringify(value)}`)
}
