/** The certificates of a real relay's CERTS cell, from the captured link handshake. */
import capture from '../vectors/link_handshake_tor_0_4_9_11.json' with { type: 'json' }

export const captureTimeMs = Date.parse(capture.capture_time)
export const capturedTlsCertificate = Buffer.from(capture.tls_cert_der, 'hex')

/** By CERTS type: 1, 2, 4, 5, 7. */
export function capturedCertificates(): Map<number, Buffer> {
  const body = Buffer.from(capture.cells.find((cell) => cell.cmd === 129)?.body ?? '', 'hex')
  const certificates = new Map<number, Buffer>()
  let at = 1
  for (let count = body.readUInt8(0); count > 0; count--) {
    const length = body.readUInt16BE(at + 1)
    certificates.set(body.readUInt8(at), body.subarray(at + 3, at + 3 + length))
    at += 3 + length
  }
  return certificates
}

export function capturedCertificate(type: number): Buffer {
  const certificate = capturedCertificates().get(type)
  if (certificate === undefined) throw new Error(`no certificate of type ${type} was captured`)
  return certificate
}
