/**
 * The part of the snapshot about how the app looks for a way into the network by itself: the ways of this round in the
 * order in which they are tried, the way that was found, the country that the order goes by, and the help that was asked
 * for. The attempts themselves are rows of the connection.
 */

/** Where a way comes from. */
export const WAY_SOURCES = [
  /** What the settings say: directly, or the person's own bridges. */
  'settings',
  /** It worked last on this network. */
  'remembered',
  /** The bridge service said it when it was asked. */
  'help',
  /** The map of countries that comes with the app. */
  'map',
  /** Built into the app, and known to everybody. */
  'built-in',
] as const
export type WaySource = (typeof WAY_SOURCES)[number]

export type WayState =
  /** Its turn comes. */
  | 'waiting'
  | 'running'
  | 'works'
  | 'stopped'
  /** Its addresses were dialled a short while ago: trying them again at once is what censors punish. */
  | 'cooling'

export interface WayView {
  /** Stays the same within one round. */
  readonly id: string
  readonly kind: 'direct' | 'bridges'
  readonly source: WaySource
  /** As people call them (`vanilla` for plain bridges); empty for the direct way. */
  readonly transports: readonly string[]
  readonly count: number
  readonly state: WayState
  /** It had failed on this network, and something else worked: it is left as soon as it stands still. */
  readonly isBrief: boolean
  /** Why it stopped; an error kind and technical words. */
  readonly reason: { readonly kind: string; readonly detail: string } | undefined
  /** When it may be dialled again; set while `cooling`. */
  readonly nextMs: number | undefined
}

export type WayFindingState =
  /** Nobody wants to be connected, or there is nothing but the one way of the settings. */
  | 'off'
  | 'trying'
  /** The bridge service is being asked; nothing else is dialled meanwhile. */
  | 'asking'
  /** The plan stands still: going on would blame a network that is not there, or a clock. */
  | 'waiting-for-network'
  | 'waiting-for-clock'
  /** The next way's addresses are still cooling down. */
  | 'cooling'
  /** All ways of this round were tried; the next one begins at `nextMs`. Nothing is dialled until then. */
  | 'resting'
  | 'found'

export interface WayFindingView {
  readonly state: WayFindingState
  /** Counts up from 1 with each time that the whole plan is gone through. */
  readonly round: number
  /** In the order of trying. Empty while off. */
  readonly ways: readonly WayView[]
  /** When something happens by itself: the next way, or the next round. */
  readonly nextMs: number | undefined
  /** The way that works and is not what the settings say: it can be kept, or undone. */
  readonly found: WayView | undefined
  readonly country: CountryGuess
  readonly help: HelpView
  /** Day and origin of the map of countries that comes with the app. */
  readonly map: { readonly date: string; readonly source: string; readonly countries: readonly string[] }
  /** How many networks the app remembers a way for. */
  readonly rememberedNetworks: number
}

export interface CountryGuess {
  /** Two lower-case letters; undefined when nothing tells it. */
  readonly code: string | undefined
  /** Never by an address: nobody is asked. */
  readonly source: 'chosen' | 'time-zone' | 'locale' | 'unknown'
}

/** How the bridge service can be reached, in the order of trying. */
export type HelpPath = 'tor' | 'front' | 'older-front' | 'other-front'

export interface HelpTry {
  readonly path: HelpPath
  readonly outcome: 'running' | 'answered' | 'failed'
  readonly reason: { readonly kind: string; readonly detail: string } | undefined
}

export type HelpState =
  | 'never-asked'
  | 'asking'
  | 'answered'
  /** No path led there. It says nothing about the country. */
  | 'unreachable'
  /** It was reached, and has nothing: `reason` says why (no country, no transport that fits). */
  | 'nothing'

export interface HelpView {
  readonly state: HelpState
  /** When it was asked last. */
  readonly askedMs: number | undefined
  readonly tries: readonly HelpTry[]
  readonly reason: { readonly kind: string; readonly detail: string } | undefined
  /** What it said; undefined until it has answered in this run. */
  readonly answer: HelpAnswer | undefined
}

export interface HelpSetting {
  /** As people call it. */
  readonly transport: string
  /** `requested` bridges are for this person; `built-in` ones are those of the app. */
  readonly source: 'built-in' | 'requested'
  /** To be shown, and added with `bridges.add`; those of this computer's own list where the source is built-in. */
  readonly lines: readonly string[]
}

export interface HelpAnswer {
  /** As the service understood it. */
  readonly country: string | undefined
  /** The most useful first. Empty: the service knows of no blocking there. */
  readonly settings: readonly HelpSetting[]
}

export const NO_WAY_FINDING: WayFindingView = {
  state: 'off',
  round: 0,
  ways: [],
  nextMs: undefined,
  found: undefined,
  country: { code: undefined, source: 'unknown' },
  help: { state: 'never-asked', askedMs: undefined, tries: [], reason: undefined, answer: undefined },
  map: { date: '', source: '', countries: [] },
  rememberedNetworks: 0,
}
