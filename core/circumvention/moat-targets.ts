/**
 * How the bridge service can be reached where it is blocked: by names of content networks that carry a tunnel to it.
 * Each way is a line of the transport meek, whose address stands for nothing. Refresh them before a release, from the
 * preferences of Tor Browser (`extensions.torlauncher.bridgedb_targets`).
 */

/** In the order of trying. */
export const MOAT_FRONTS = ['front', 'older-front', 'other-front'] as const
export type MoatFront = (typeof MOAT_FRONTS)[number]

export interface MoatService {
  /** Whose certificate must be shown within the tunnel. */
  readonly host: string
  /** Of HTTPS at that name, where no front stands before it. */
  readonly port: number
  /** What stands before the names of the questions. */
  readonly basePath: string
  readonly fronts: Readonly<Record<MoatFront, readonly string[]>>
  /** PEM of whom to believe beside, or instead of, the usual authorities: for a network of one's own. */
  readonly ca: string | undefined
}

const REFLECTOR = 'https://1723079976.rsc.cdn77.org'
const meek = (url: string, front: string): string => `meek_lite 192.0.2.20:80 url=${url} front=${front}`

/** As of 2026-10-03; the older ones of 2026-08 and 2025. */
export const MOAT_SERVICE: MoatService = {
  host: 'bridges.torproject.org',
  port: 443,
  basePath: '/moat/circumvention/',
  fronts: {
    front: [meek(REFLECTOR, 'cdn.zk.mk'), meek(REFLECTOR, 'www.cdn77.com')],
    'older-front': [meek(REFLECTOR, 'www.phpmyadmin.net')],
    'other-front': [meek('https://bespoke-strudel-c243cc.netlify.app', 'vuejs.org')],
  },
  ca: undefined,
}
