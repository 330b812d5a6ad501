/** The arguments of an obfs4 bridge line: `cert=`, which names the bridge's keys, and `iat-mode=`. Others mean nothing. */
import { OBFS4_NODE_ID_BYTES, type Obfs4Identity } from '../../crypto/handshake/obfs4-ntor.ts'
import { X25519_KEY_BYTES } from '../../crypto/x25519.ts'
import type { BridgeLine } from '../../linkspec/bridge-line.ts'
import { fromBase64, isAllZero, toBase64Unpadded } from '../../util/bytes.ts'
import { TorError } from '../../util/errors.ts'

/** Whether what we send is cut and paused: not at all, cut to full segments, or cut to random lengths as well. */
export type IatMode = 0 | 1 | 2

export interface Obfs4Arguments {
  readonly identity: Obfs4Identity
  readonly iatMode: IatMode
}

/** What is wrong with the arguments. */
export type Obfs4ArgumentFault = 'no-cert' | 'bad-cert' | 'bad-iat-mode' | 'repeated'

export class Obfs4ArgumentError extends TorError {
  readonly fault: Obfs4ArgumentFault

  constructor(fault: Obfs4ArgumentFault, message: string) {
    super('bad-config', message)
    this.fault = fault
  }
}

const CERT_BYTES = OBFS4_NODE_ID_BYTES + X25519_KEY_BYTES
/** Base64 without its padding. */
const CERT_CHARS = 70
const CERT = /^[A-Za-z0-9+/]{70}$/

/** Throws `Obfs4ArgumentError`. Its words carry no part of the line, which is a secret of the user's. */
export function parseObfs4Arguments({ args }: BridgeLine): Obfs4Arguments {
  const cert = single(args, 'cert')
  if (cert === undefined) {
    throw new Obfs4ArgumentError('no-cert', 'an obfs4 bridge line has a cert=, by which the bridge is known')
  }
  return { identity: parseCert(cert), iatMode: parseIatMode(single(args, 'iat-mode')) }
}

function single(args: BridgeLine['args'], key: string): string | undefined {
  const values = args.filter(([name]) => name === key).map(([, value]) => value)
  if (values.length > 1) throw new Obfs4ArgumentError('repeated', `an obfs4 bridge line has ${key}= once`)
  return values[0]
}

function parseCert(text: string): Obfs4Identity {
  if (!CERT.test(text)) {
    throw new Obfs4ArgumentError(
      'bad-cert',
      `the cert= of an obfs4 bridge line has ${CERT_CHARS} base64 digits, not ${text.length} characters`,
    )
  }
  const bytes = fromBase64(text, CERT_BYTES)
  const publicKey = bytes.subarray(OBFS4_NODE_ID_BYTES)
  // Bits beyond the last byte are a slip of the pen, and no bridge has the key that anybody can agree with.
  if (toBase64Unpadded(bytes) !== text || isAllZero(publicKey)) {
    throw new Obfs4ArgumentError('bad-cert', 'the cert= of an obfs4 bridge line is damaged')
  }
  return { nodeId: bytes.subarray(0, OBFS4_NODE_ID_BYTES), publicKey }
}

/** Lines without it are handed about; the others' default for bridges is to leave timing alone. */
function parseIatMode(text = '0'): IatMode {
  if (text === '0') return 0
  if (text === '1') return 1
  if (text === '2') return 2
  throw new Obfs4ArgumentError('bad-iat-mode', 'the iat-mode= of an obfs4 bridge line is 0, 1 or 2')
}
