/** The switch, the state in plain words, and the one thing to do about it. */
import { LoaderCircle, type LucideIcon, ShieldAlert, ShieldCheck, ShieldOff, ShieldX } from 'lucide-react'
import { type ReactNode, useEffect, useRef } from 'react'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { Card } from '../../components/Card.tsx'
import { classNames } from '../../components/class-names.ts'
import { ErrorNote, useErrorWords } from '../../components/ErrorNote.tsx'
import { Switch } from '../../components/Switch.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { useFormat, useWords } from '../../words/words.tsx'
import { PROXY_TONES, type ProxyTone, shownState, type ShownProxyState } from './proxy-state.ts'

const LOOKS: Readonly<
  Record<ProxyTone, { readonly icon: LucideIcon; readonly ink: string; readonly tile: string }>
> = {
  good: { icon: ShieldCheck, ink: 'text-good', tile: 'bg-good/10' },
  warn: { icon: ShieldAlert, ink: 'text-warn', tile: 'bg-warn/10' },
  bad: { icon: ShieldX, ink: 'text-bad', tile: 'bg-bad/10' },
  soft: { icon: ShieldOff, ink: 'text-soft', tile: 'bg-sunken' },
  busy: { icon: LoaderCircle, ink: 'text-accent', tile: 'bg-accent/10' },
}

export function StateCard(): ReactNode {
  const words = useWords()
  const isWanted = useSnapshot((snapshot) => snapshot.systemProxy.isWanted)
  const set = useCommand('system-proxy.set')
  return (
    <Card>
      <Switch
        label={words('system-proxy-switch')}
        about={words('system-proxy-switch-about')}
        isOn={isWanted}
        isBusy={set.isRunning}
        onChange={(isOn) => void set.run(isOn)}
      />
      <ErrorNote error={set.error} />
      <hr className="border-line" />
      <State onSet={(isOn) => void set.run(isOn)} isSetting={set.isRunning} />
    </Card>
  )
}

interface StateProps {
  readonly onSet: (isOn: boolean) => void
  readonly isSetting: boolean
}

function State({ onSet, isSetting }: StateProps): ReactNode {
  const words = useWords()
  const format = useFormat()
  const errorWords = useErrorWords()
  const view = useSnapshot((snapshot) => snapshot.systemProxy)
  const state = shownState(view)
  const tone = PROXY_TONES[state]
  const { icon: Icon, ink, tile } = LOOKS[tone]
  useStateAnnouncement(state)
  return (
    <div data-state={state} className="flex items-start gap-3.5">
      <span
        className={classNames('flex size-11 shrink-0 items-center justify-center rounded-card', tile, ink)}
      >
        <Icon aria-hidden className={classNames('size-6', tone === 'busy' && 'animate-spin')} />
      </span>
      <div className="min-w-0 grow">
        <p className={classNames('text-[0.9375rem] font-semibold', tone !== 'soft' && ink)}>
          {words(`system-proxy-state-${state}`)}{' '}
          {state === 'on' && (
            <span className="ms-1 text-[0.8125rem] font-normal text-soft">
              {words('system-proxy-since', { time: format.time(view.sinceMs) })}
            </span>
          )}
        </p>
        <p className="max-w-prose">{words(`system-proxy-state-${state}-about`)}</p>
        {view.backend !== undefined && (
          <p className="mt-0.5 text-xs text-soft">{words(`system-proxy-backend-${view.backend}`)}</p>
        )}
        {view.trouble !== undefined && <p className="max-w-prose font-medium">{errorWords(view.trouble)}</p>}
        {view.trouble !== undefined && view.detail !== undefined && (
          <details className="mt-1 text-soft">
            <summary className="w-fit">{words('common-details')}</summary>
            <p className="copyable mt-1 font-mono text-xs break-words">{view.detail}</p>
          </details>
        )}
        <StateAction state={state} onSet={onSet} isSetting={isSetting} />
      </div>
    </div>
  )
}

const hasTrouble = (state: ShownProxyState): boolean =>
  state === 'changed' || state === 'failed' || state === 'restore-failed'

function StateAction({
  state,
  onSet,
  isSetting,
}: StateProps & { readonly state: ShownProxyState }): ReactNode {
  const words = useWords()
  const reapply = useCommand('system-proxy.reapply')
  const quit = useCommand('app.quit')
  if (!hasTrouble(state)) return null
  return (
    <div className="mt-2 flex flex-col items-start gap-2">
      {state === 'changed' && (
        <Button kind="primary" isBusy={reapply.isRunning} onClick={() => void reapply.run()}>
          {words('system-proxy-reapply')}
        </Button>
      )}
      {state === 'failed' && (
        <Button kind="primary" isBusy={isSetting} onClick={() => onSet(true)}>
          {words('system-proxy-retry')}
        </Button>
      )}
      {state === 'restore-failed' && (
        <>
          <p className="max-w-prose text-soft">{words('system-proxy-state-restore-failed-quit')}</p>
          <div className="flex flex-wrap gap-2">
            <Button kind="primary" isBusy={isSetting} onClick={() => onSet(false)}>
              {words('system-proxy-restore-retry')}
            </Button>
            <Button isBusy={quit.isRunning} onClick={() => void quit.run()}>
              {words('system-proxy-quit')}
            </Button>
          </div>
        </>
      )}
      <ErrorNote error={reapply.error ?? quit.error} />
    </div>
  )
}

function useStateAnnouncement(state: ShownProxyState): void {
  const words = useWords()
  const before = useRef(state)
  useEffect(() => {
    if (before.current === state) return
    before.current = state
    announce(words('system-proxy-announce', { state: words(`system-proxy-state-${state}`) }))
  }, [state, words])
}
