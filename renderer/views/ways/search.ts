/** What the search for a way in does right now, as the connect view tells it. Pure. */
import type { ConnectionState, ConnectionView } from '../../../electron/ipc/snapshot-connection.ts'
import type { HelpPath, WayFindingView, WayView } from '../../../electron/ipc/snapshot-ways.ts'

export type Search =
  /** There is no search, or it is still at what the settings say: the state of the connection says it all. */
  | { readonly kind: 'none' }
  /** The way of the settings is in trouble, or gets little time, and another one comes after it: nothing is to be done. */
  | { readonly kind: 'first'; readonly next: WayView; readonly isBrief: boolean }
  | { readonly kind: 'asking'; readonly path: HelpPath | undefined }
  | { readonly kind: 'trying'; readonly way: WayView }
  | { readonly kind: 'cooling'; readonly nextMs: number | undefined }
  | { readonly kind: 'resting'; readonly nextMs: number | undefined; readonly isHelpUnreachable: boolean }

const NONE: Search = { kind: 'none' }

/** In these the search goes on; in the others something else has to be said first. */
const SEARCHED_IN: ReadonlySet<ConnectionState> = new Set([
  'checking',
  'connecting',
  'slow',
  'stalled',
  'blocked',
])

export function searchOf({ state }: Pick<ConnectionView, 'state'>, finding: WayFindingView): Search {
  const { state: search, nextMs, help } = finding
  if (!SEARCHED_IN.has(state)) return NONE
  switch (search) {
    case 'asking':
      return { kind: 'asking', path: help.tries.find(({ outcome }) => outcome === 'running')?.path }
    case 'cooling':
      return { kind: 'cooling', nextMs }
    case 'resting':
      return { kind: 'resting', nextMs, isHelpUnreachable: help.state === 'unreachable' }
    case 'trying':
      return tryingOf(state, finding)
    case 'off':
    case 'found':
    case 'waiting-for-network':
    case 'waiting-for-clock':
      return NONE
  }
}

const IN_TROUBLE: ReadonlySet<ConnectionState> = new Set(['slow', 'stalled', 'blocked'])

function tryingOf(state: ConnectionState, finding: WayFindingView): Search {
  const way = finding.ways.find((each) => each.state === 'running')
  if (way === undefined) return NONE
  if (way !== finding.ways[0] || way.source !== 'settings') return { kind: 'trying', way }
  const next = nextWayOf(finding)
  const { isBrief } = way
  return next === undefined || !(isBrief || IN_TROUBLE.has(state)) ? NONE : { kind: 'first', next, isBrief }
}

/** The way whose turn comes next; undefined after the last one. */
export function nextWayOf({ ways }: Pick<WayFindingView, 'ways'>): WayView | undefined {
  return ways.find(({ state }) => state === 'waiting')
}

/** Whether there is anything to show of a search: one way alone is no search. */
export function isSearching({ state, ways }: WayFindingView): boolean {
  return state !== 'off' && state !== 'found' && ways.length > 1
}
