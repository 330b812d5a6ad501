/** The link handshake against cells in any order, some of them right: complete only by the four that belong, in order. */
import { LinkHandshake } from '../../../core/channel/link-handshake.ts'
import { CERT_TYPE_IDENTITY_SIGNING, parseEd25519Certificate } from '../../../core/crypto/tor-certificate.ts'
import { parseRsaIdentityCertificate } from '../../../core/crypto/x509.ts'
import { ed25519IdentityFromBytes, rsaIdentityFromBytes } from '../../../core/linkspec/relay-ids.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { capturedCertificate, capturedTlsCertificate, captureTimeMs } from '../../support/captured-certs.ts'
import { manualClock } from '../../support/manual-clock.ts'
import capture from '../../vectors/link_handshake_tor_0_4_9_11.json' with { type: 'json' }
import { mustHold } from '../engine/target.ts'
import type { Script } from './script.ts'

const VERSIONS = 7
const CERTS = 129
const AUTH_CHALLENGE = 130
const NETINFO = 8
const VPADDING = 128
const AUTHORIZE = 132
const ORDER = [VERSIONS, CERTS, AUTH_CHALLENGE, NETINFO]

const bodies = new Map(capture.cells.map(({ cmd, body }) => [cmd, Buffer.from(body, 'hex')]))
bodies.set(VERSIONS, Buffer.of(0, 3, 0, 4, 0, 5))

export function runLinkHandshake(script: Script): void {
  const rsa = parseRsaIdentityCertificate(capturedCertificate(2)).publicKey.identityDigest
  const signing = parseEd25519Certificate(capturedCertificate(CERT_TYPE_IDENTITY_SIGNING)).signingKey
  mustHold(signing !== undefined, 'the captured certificate names who signed it')
  const handshake = new LinkHandshake({
    expectedIds: {
      rsa: rsaIdentityFromBytes(rsa),
      ed25519: signing === undefined ? undefined : ed25519IdentityFromBytes(signing),
    },
    endpoint: { host: '192.0.2.1', port: 9001 },
    peerCertificate: capturedTlsCertificate,
    clock: manualClock(captureTimeMs),
  })
  let next = 0
  while (!script.isOver) {
    const wanted = ORDER[next] ?? VERSIONS
    const command = script.below(4) === 0 ? script.u8() : wanted
    const honest = bodies.get(command) ?? Buffer.alloc(0)
    const body = alter(honest, script)
    const isIgnored = next > 0 && (command === VPADDING || command === AUTHORIZE)
    try {
      const outcome = handshake.onCell(command, body)
      mustHold(isIgnored || command === wanted, `command ${command} was taken for ${wanted}`)
      if (!isIgnored) next++
      if (outcome === undefined) continue
      mustHold(next === ORDER.length, 'the handshake is over before its end')
      mustHold(outcome.identity.ids.rsa === rsaIdentityFromBytes(rsa), 'another relay')
      return
    } catch (error) {
      if (!isTorError(error) || error.kind === 'internal') throw error
      mustHold(command !== wanted || !body.equals(honest), 'an honest cell was refused')
      return
    }
  }
}

/** As it is, or with some bytes cut off, added or changed. */
function alter(body: Buffer, script: Script): Buffer {
  const how = script.below(6)
  if (how < 3) return body
  if (how === 3) return body.subarray(0, script.u16() % (body.length + 1))
  if (how === 4) return Buffer.concat([body, script.take(script.below(20))])
  const changed = Buffer.from(body)
  const at = script.u16()
  if (changed.length > 0) changed[at % changed.length] = script.u8()
  return changed
}
