/**
 * What our offer tells of the user's network and what a proxy's answer makes us contact: the candidates in descriptions
 * of WebRTC sessions (SDP). They are taken out here and nowhere else, whichever WebRTC made or takes the description.
 */
import { isIP } from 'node:net'
import { TorError } from '../../util/errors.ts'
import { isPublicAddress } from '../../util/public-address.ts'

/** How our way to the Internet treats peers that we have not spoken to, in the broker's words. */
export type NatType = 'unknown' | 'restricted' | 'unrestricted'

/** A description of one data channel has about fifty lines and a few candidates. */
const MAX_SDP_CHARS = 50_000
/** More would have us knock at doors of the proxy's choosing. */
const MAX_CANDIDATES = 20

interface Candidate {
  readonly address: string
  readonly port: string
  readonly type: string
  readonly protocol: string
}

/** Without candidates of this machine's own network: their addresses, and names that only it knows. */
export function withoutLocalCandidates(sdp: string): string {
  return keepLines(sdp, (candidate) => isPublicAddress(candidate.address))
}

/**
 * A proxy's answer, with no candidate that would have us send into our own network or look a name up, unless
 * `keepsLocal`. Throws `malformed` when nothing is left, or it is no description of a data channel.
 */
export function checkAnswer(sdp: string, keepsLocal: boolean): string {
  const isPlausible = sdp.length <= MAX_SDP_CHARS && sdp.startsWith('v=0') && /^m=application /m.test(sdp)
  if (!isPlausible) throw new TorError('malformed', "the Snowflake proxy's answer is no WebRTC description")
  let kept = 0
  const checked = keepLines(sdp, ({ address, protocol }) => {
    // TCP would make real connections, to wherever the proxy likes.
    if (protocol !== 'udp' || isIP(address) === 0 || (!keepsLocal && !isPublicAddress(address))) return false
    return ++kept <= MAX_CANDIDATES
  })
  if (kept === 0) {
    throw new TorError('channel-failed', 'the Snowflake proxy names no public address of its own', {
      retry: 'elsewhere',
    })
  }
  return checked
}

/**
 * What our own candidates say: who has a public address of its own can be reached by all; one address with several
 * ports was seen so by several STUN servers, and a new peer will see yet another one.
 */
export function natTypeOf(offerSdp: string): NatType {
  const candidates = splitLines(offerSdp).flatMap((line) => parseCandidate(line) ?? [])
  const udp = candidates.filter(({ protocol, address }) => protocol === 'udp' && isPublicAddress(address))
  if (udp.some(({ type }) => type === 'host')) return 'unrestricted'
  const portOf = new Map<string, string>()
  for (const { address, port, type } of udp) {
    if (type !== 'srflx') continue
    if ((portOf.get(address) ?? port) !== port) return 'restricted'
    portOf.set(address, port)
  }
  return 'unknown'
}

/** The candidates that `keeps`, and of their own base no address of the user's network either. */
function keepLines(sdp: string, keeps: (candidate: Candidate) => boolean): string {
  const lines = splitLines(sdp).filter((line) => {
    if (!/^a=candidate:/i.test(line)) return true
    const candidate = parseCandidate(line)
    return candidate !== undefined && keeps(candidate)
  })
  return lines.map(withoutOwnAddress).join('\r\n')
}

function splitLines(sdp: string): string[] {
  return sdp.split(/\r\n|\n|\r/)
}

/** `a=candidate:foundation component protocol priority address port typ type ...` */
function parseCandidate(line: string): Candidate | undefined {
  const [start = '', , protocol = '', , address = '', port = '', typ, type = ''] = line.split(' ')
  if (!/^a=candidate:/i.test(start) || typ !== 'typ') return undefined
  return { address, port, type, protocol: protocol.toLowerCase() }
}

/**
 * Where a public candidate comes from, and the address that stands for all of a description, are addresses within the
 * user's network; nobody connects to either.
 */
function withoutOwnAddress(line: string): string {
  const [, address] = /^c=IN IP[46] (\S+)/.exec(line) ?? []
  if (address !== undefined && !isPublicAddress(address)) return 'c=IN IP4 0.0.0.0'
  if (!/^a=candidate:/i.test(line)) return line
  return line.replace(/ raddr (\S+) rport \S+/, (text, related: string) =>
    isPublicAddress(related) ? text : ` raddr ${related.includes(':') ? '::' : '0.0.0.0'} rport 0`,
  )
}
