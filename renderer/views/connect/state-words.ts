/** The words of the state that the connection is in: headline, sentence, next step. */
import type { BuiltInTransportView } from '../../../electron/ipc/snapshot-bridges.ts'
import { useErrorWords } from '../../components/ErrorNote.tsx'
import { useNow } from '../../state/use-now.ts'
import { useSnapshot } from '../../state/store.ts'
import { useFormat, useWords, type WordsFunction } from '../../words/words.tsx'
import { nextWayOf, type Search, searchOf } from '../ways/search.ts'
import { useWayWords } from '../ways/way-words.ts'
import { lookInSearch, lookOf, type StateLook } from './state-look.ts'

export interface StateWords {
  readonly headline: string
  readonly about: string
  /** Undefined where there is nothing to do or to wait for. */
  readonly next: string | undefined
}

/** Bridges are wanted, and there is none that could be used: neither the person's own nor one that the app finds. */
export function useNeedsBridge(): boolean {
  return useSnapshot(
    ({ settings, bridges }) =>
      (settings.useBridges || settings.entry === 'hide') &&
      !bridges.bridges.some(({ isEnabled, health }) => isEnabled && health !== 'unavailable') &&
      !(settings.findsOwnWay && hasWayOfOurs(settings.entry === 'hide', bridges.builtIn)),
  )
}

/** The addresses of these are on everybody's list, so that whoever hides is not led to them. */
const LISTED: readonly string[] = ['obfs4', 'vanilla']

function hasWayOfOurs(isHidden: boolean, builtIn: readonly BuiltInTransportView[]): boolean {
  return builtIn.some(
    ({ transport, isAvailable }) => isAvailable && !(isHidden && LISTED.includes(transport)),
  )
}

/** How the state looks, with what the search for a way in knows better. */
export function useStateLook(): { readonly look: StateLook; readonly search: Search } {
  const connection = useSnapshot((snapshot) => snapshot.connection)
  const ways = useSnapshot((snapshot) => snapshot.ways)
  const search = searchOf(connection, ways)
  return { look: lookInSearch(lookOf(connection, useNeedsBridge()), search), search }
}

/** Of the search for a way in where there is one, else of the connection's state. */
export function useStateWords(): StateWords {
  const ofState = useConnectionWords()
  return useSearchWords(ofState) ?? ofState
}

function useSearchWords(ofState: StateWords): StateWords | undefined {
  const words = useWords()
  const format = useFormat()
  const wayWords = useWayWords()
  const ways = useSnapshot((snapshot) => snapshot.ways)
  const connection = useSnapshot((snapshot) => snapshot.connection)
  const { state } = connection
  const search = searchOf(connection, ways)
  const nextMs = 'nextMs' in search ? search.nextMs : undefined
  const now = useNow(1_000, { isNeeded: nextMs !== undefined })
  const time = format.elapsed((nextMs ?? now) - now)
  switch (search.kind) {
    case 'none':
      return undefined
    case 'asking':
      return {
        headline: words('connect-headline-asking'),
        about: words(
          search.path === undefined ? 'connect-about-asking' : `connect-about-asking-${search.path}`,
        ),
        next: words('connect-next-asking'),
      }
    case 'first':
      return {
        ...ofState,
        next: words(search.isBrief ? 'connect-next-brief' : 'connect-next-trying', {
          way: wayWords.short(search.next),
        }),
      }
    case 'trying': {
      const next = nextWayOf(ways)
      // What a state in trouble says is of relays, and meant for the way of the settings.
      const isSilent = state === 'stalled' || state === 'blocked'
      return {
        headline: words('connect-headline-trying', { way: wayWords.short(search.way) }),
        about: isSilent ? words('connect-about-trying-silent') : ofState.about,
        next:
          next === undefined
            ? words('connect-next-trying-last')
            : words('connect-next-trying', { way: wayWords.short(next) }),
      }
    }
    case 'cooling':
      return {
        headline: words('connect-headline-cooling'),
        about: words('connect-about-cooling'),
        next: words('connect-next-cooling', { time }),
      }
    case 'resting': {
      const which = search.isHelpUnreachable ? 'help-unreachable' : 'resting'
      return {
        headline: words(`connect-headline-${which}`),
        about: words(`connect-about-${which}`),
        next:
          nextMs === undefined || nextMs <= now
            ? words('connect-next-resting-soon')
            : words('connect-next-resting', { time }),
      }
    }
  }
}

function useConnectionWords(): StateWords {
  const words = useWords()
  const format = useFormat()
  const errorWords = useErrorWords()
  const connection = useSnapshot((snapshot) => snapshot.connection)
  const needsBridge = useNeedsBridge()
  const isProxyOn = useSnapshot(({ systemProxy }) => systemProxy.state === 'on')
  const now = useNow(1_000, { isNeeded: connection.coreRestart?.nextMs !== undefined })
  // Nothing may be promised for programs that are not led to us.
  const who = isProxyOn ? '-system' : ''
  const { state, phase, attempts } = connection
  const last = attempts.at(-1)
  const headline = words(`connect-headline-${state}`)
  switch (state) {
    case 'off':
      return needsBridge
        ? { headline, about: words('connect-about-needs-bridge'), next: words('connect-next-needs-bridge') }
        : { headline, about: words('connect-about-off'), next: undefined }
    case 'clock-wrong': {
      const aheadMs = connection.clock?.aheadMs ?? 0
      const by = format.span(Math.abs(aheadMs))
      const about = words(aheadMs < 0 ? 'connect-about-clock-behind' : 'connect-about-clock-ahead', { by })
      return { headline, about, next: words('connect-next-clock-wrong') }
    }
    case 'connecting':
      return { headline, about: words(`connect-phase-${phase ?? 'starting'}`), next: undefined }
    case 'failed': {
      const about = last?.reason === undefined ? words('connect-about-failed') : errorWords(last.reason.kind)
      return { headline, about, next: words(`connect-next-failed-${last?.next ?? 'none'}`) }
    }
    case 'protected-down': {
      const nextMs = connection.coreRestart?.nextMs
      return {
        headline: words(`connect-headline-protected-down${who}`),
        about: words(`connect-about-protected-down${who}`),
        next: restartWords(nextMs === undefined ? 0 : nextMs - now, words),
      }
    }
    case 'degraded':
      return { headline, about: words(`connect-about-degraded${who}`), next: words('connect-next-degraded') }
    case 'connected': {
      const next = isProxyOn ? undefined : words('connect-next-connected')
      return { headline, about: words(`connect-about-connected${who}`), next }
    }
    case 'checking':
    case 'restoring':
      return { headline, about: words(`connect-about-${state}`), next: undefined }
    case 'no-network':
    case 'slow':
    case 'stalled':
    case 'blocked':
    case 'proxy-not-applied':
      return { headline, about: words(`connect-about-${state}`), next: words(`connect-next-${state}`) }
  }
}

function restartWords(waitMs: number, words: WordsFunction): string {
  const seconds = Math.max(0, Math.ceil(waitMs / 1_000))
  return seconds === 0 ? words('connect-next-restarting') : words('connect-next-restart-in', { seconds })
}
