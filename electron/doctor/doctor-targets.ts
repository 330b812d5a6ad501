/**
 * Whom the doctor asks: large services that any computer talks to, so that a question to them says nothing of who asks.
 * None of them has to do with Tor but the one name that is only looked up where Tor is used openly anyway.
 */
import * as v from 'valibot'

const host = v.pipe(v.string(), v.regex(/^[A-Za-z0-9.:_-]{1,255}$/))
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))
const endpoint = v.strictObject({ host, port })
/** A handful answers; more would only be noticed. */
const few = <Schema extends v.GenericSchema>(schema: Schema) => v.pipe(v.array(schema), v.maxLength(5))

export const doctorTargetsSchema = v.strictObject({
  /** Plain requests whose answer is known: what browsers and systems use to notice a sign-in page. */
  portal: few(
    v.strictObject({
      url: v.pipe(v.string(), v.url(), v.maxLength(500)),
      status: v.number(),
      body: v.pipe(v.string(), v.maxLength(1_000)),
    }),
  ),
  /** Under this ending a name of chance is looked up, which nobody can have. */
  missingName: v.nullable(host),
  /** Names whose addresses never change. */
  knownNames: few(v.strictObject({ name: host, addresses: few(v.pipe(v.string(), v.ip())) })),
  /** Looked up only where Tor is used openly: whether its names are hidden. */
  torNames: few(host),
  /** Web servers, with the name on their certificate; through a proxy only those that are given by an address. */
  servers: few(v.strictObject({ host, port, name: host })),
  stun: few(endpoint),
  /** Answers on every port; asked only where Tor is used openly, for its ports are not those of a browser. */
  ports: few(endpoint),
  /** Authorities for the servers' certificates, as PEM; null for the usual ones. */
  ca: v.nullable(v.string()),
})
export type DoctorTargets = v.InferOutput<typeof doctorTargetsSchema>

export const DOCTOR_TARGETS: DoctorTargets = {
  portal: [
    { url: 'http://detectportal.firefox.com/success.txt', status: 200, body: 'success' },
    { url: 'http://connectivitycheck.gstatic.com/generate_204', status: 204, body: '' },
  ],
  missingName: 'com',
  knownNames: [
    { name: 'one.one.one.one', addresses: ['1.1.1.1', '1.0.0.1'] },
    { name: 'dns.google', addresses: ['8.8.8.8', '8.8.4.4'] },
  ],
  torNames: ['www.torproject.org'],
  servers: [
    { host: '1.1.1.1', port: 443, name: 'one.one.one.one' },
    { host: '9.9.9.9', port: 443, name: 'dns.quad9.net' },
    // Open nearly everywhere, where the others are not.
    { host: 'www.microsoft.com', port: 443, name: 'www.microsoft.com' },
    { host: 'www.apple.com', port: 443, name: 'www.apple.com' },
  ],
  stun: [
    { host: 'stun.l.google.com', port: 19_302 },
    { host: 'stun.cloudflare.com', port: 3_478 },
  ],
  // 9001 is what many relays and bridges listen on.
  ports: [
    { host: 'portquiz.net', port: 9_001 },
    { host: 'portquiz.net', port: 8_080 },
  ],
  ca: null,
}

/** Undefined for a text that names no targets. */
export function parseDoctorTargets(text: string): DoctorTargets | undefined {
  try {
    const parsed = v.safeParse(doctorTargetsSchema, JSON.parse(text))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}
