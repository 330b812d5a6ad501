/** The parts of the snapshot about circuits and about the sites that they serve. */

export type CircuitState = 'building' | 'waiting' | 'open' | 'closed'
export type CircuitPurpose = 'directory' | 'exit' | 'internal'

export type HopRole = 'guard' | 'bridge' | 'middle' | 'exit' | 'directory' | 'end'

/** Why this relay has this place. */
export type HopReason =
  /** One of the few that we always enter through; changing it would show us to more relays. */
  | { readonly kind: 'guard'; readonly sinceMs: number | undefined }
  | { readonly kind: 'bridge' }
  /** Drawn by the bandwidth that the network gives it. */
  | { readonly kind: 'weight' }
  /** Drawn likewise, among those that may reach the port. */
  | { readonly kind: 'exit-policy' }
  /** The person's rule for the site. */
  | { readonly kind: 'country'; readonly country: string }
  | { readonly kind: 'pin' }
  /** The person's node options. */
  | { readonly kind: 'options' }
  | { readonly kind: 'directory' }

export interface HopView {
  readonly role: HopRole
  readonly nickname: string
  /** Forty upper-case hex digits. */
  readonly fingerprint: string
  readonly address: string
  /** Two lower-case letters; undefined where it is not known. */
  readonly country: string | undefined
  /** As the consensus has them: `Fast`, `Guard`, `Stable`, ... */
  readonly flags: readonly string[]
  /** Round trip to this hop and back, measured while the circuit was built. */
  readonly rttMs: number | undefined
  readonly reason: HopReason
}

export interface CircuitView {
  readonly id: number
  readonly state: CircuitState
  readonly purpose: CircuitPurpose
  /** The same for circuits that are joined to a set: ways to one exit that carry the same traffic, and live and end together. */
  readonly setId: number | undefined
  /** Those that are there; while building, fewer than `plannedHops`. */
  readonly hops: readonly HopView[]
  readonly plannedHops: number
  readonly streams: number
  readonly sites: readonly string[]
  readonly readBytes: number
  readonly writtenBytes: number
  readonly createdMs: number
  /** Takes no new streams. */
  readonly isRetired: boolean
}

export interface CircuitsView {
  readonly circuits: readonly CircuitView[]
  /** Where the person's own end of the arcs is drawn; undefined where it is not known and must not be guessed. */
  readonly ownCountry: string | undefined
}

export interface SitePolicyView {
  readonly isBlocked: boolean
  readonly exitCountry: string | undefined
  readonly pin: { readonly fingerprint: string; readonly untilMs: number } | undefined
}

export interface SiteView {
  /** A registrable domain, an IP address or an onion address. */
  readonly site: string
  /** Of circuits that are joined to a set only the first. */
  readonly circuitIds: readonly number[]
  /** Where the site sees us, by the newest circuit. */
  readonly seenFromCountry: string | undefined
  readonly streams: number
  readonly readBytes: number
  readonly writtenBytes: number
  readonly lastUsedMs: number | undefined
  readonly policy: SitePolicyView
  /** The last request that a rule or the lack of an exit refused. */
  readonly refusal: { readonly kind: string; readonly atMs: number } | undefined
}

export interface SitesView {
  /** Those in use or with a rule, the last used first. */
  readonly sites: readonly SiteView[]
}

/** A country that one could appear to be in, and what choosing it costs; from the live consensus. */
export interface ExitCountryView {
  readonly country: string
  readonly exits: number
  /** 0 to 1: about the part of all users who leave there anyway. */
  readonly share: number
  /** By how much an observer's uncertainty about the exit falls. */
  readonly entropyLostBits: number
}
