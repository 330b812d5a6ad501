/** What OpenSSL can be told about TLS and `node:tls` has no name for. */
import { constants } from 'node:crypto'

/**
 * For TLS 1.2: later versions have no second handshake. BoringSSL has no such option, 0 or undefined here; of its own accord
 * it refuses a second handshake with another certificate.
 */
export const NO_RENEGOTIATION: number | undefined = constants.SSL_OP_NO_RENEGOTIATION
