/** The words of the state that the connection is in: headline, sentence, next step. */
import { useNow } from '../../state/use-now.ts'
import { useSnapshot } from '../../state/store.ts'
import { useFormat, useWords } from '../../words/words.tsx'
import { useErrorWords } from '../../components/ErrorNote.tsx'

export interface StateWords {
  readonly headline: string
  readonly about: string
  /** Undefined where there is nothing to do or to wait for. */
  readonly next: string | undefined
}

/** Bridges are wanted, and there is none that could be used. */
export function useNeedsBridge(): boolean {
  return useSnapshot(
    ({ settings, bridges }) =>
      (settings.useBridges || settings.entry === 'hide') &&
      !bridges.bridges.some(({ isEnabled, health }) => isEnabled && health !== 'unavailable'),
  )
}

export function useStateWords(): StateWords {
  const words = useWords()
  const format = useFormat()
  const errorWords = useErrorWords()
  const connection = useSnapshot((snapshot) => snapshot.connection)
  const needsBridge = useNeedsBridge()
  const isProxyOn = useSnapshot(({ systemProxy }) => systemProxy.state === 'on')
  const now = useNow(1_000, connection.coreRestart?.nextMs !== undefined)
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
      const about = words(isProxyOn ? 'connect-about-protected-down' : 'connect-about-core-down')
      const nextMs = connection.coreRestart?.nextMs
      const seconds = nextMs === undefined ? 0 : Math.max(0, Math.ceil((nextMs - now) / 1_000))
      const next =
        seconds === 0 ? words('connect-next-restarting') : words('connect-next-restart-in', { seconds })
      return { headline, about, next }
    }
    case 'connected':
      return isProxyOn
        ? { headline, about: words('connect-about-connected-system'), next: undefined }
        : { headline, about: words('connect-about-connected'), next: words('connect-next-connected') }
    case 'checking':
    case 'restoring':
      return { headline, about: words(`connect-about-${state}`), next: undefined }
    case 'no-network':
    case 'slow':
    case 'stalled':
    case 'blocked':
    case 'proxy-not-applied':
    case 'degraded':
      return { headline, about: words(`connect-about-${state}`), next: words(`connect-next-${state}`) }
  }
}
