/** What a person can decide for a site. Each decision replaces the site's rules as a whole: the core keeps one of them. */
import { Ban, CircleOff, Ellipsis, Eraser, MapPin, Pin, RefreshCw, Route } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import type { CircuitView, SiteView } from '../../../electron/ipc/snapshot-circuits.ts'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { IconButton } from '../../components/IconButton.tsx'
import { Menu, type MenuEntry } from '../../components/Menu.tsx'
import { Tooltip } from '../../components/Tooltip.tsx'
import { type CommandHandle, useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'
import { openCircuit } from '../circuits/selection.ts'
import { CountryDialog } from './CountryDialog.tsx'
import { PinDialog } from './PinDialog.tsx'
import { isOnion } from './site-names.ts'

interface SiteActionsProps {
  readonly site: SiteView
  readonly circuit: CircuitView | undefined
}

type OpenDialog = 'country' | 'pin' | 'forget' | undefined

export function SiteActions({ site, circuit }: SiteActionsProps): ReactNode {
  const words = useWords()
  const [dialog, setDialog] = useState<OpenDialog>(undefined)
  const renew = useNewCircuit(site.site)
  const rules = useRules(site.site)
  const entries = useMenuEntries(site, circuit, { onDialog: setDialog, rules })
  return (
    <>
      <div className="ms-auto flex items-center gap-1">
        {circuit !== undefined && (
          <IconButton
            icon={Route}
            label={words('sites-open-circuit-of', { site: site.site })}
            onClick={() => openCircuit(circuit.id)}
          />
        )}
        {site.policy.isBlocked ? (
          <Button isBusy={rules.save.isRunning} onClick={() => void rules.clear()}>
            {words('sites-unblock')}
          </Button>
        ) : (
          <>
            <Tooltip text={words('sites-new-circuit-hint')}>
              <Button
                icon={RefreshCw}
                aria-label={words('sites-new-circuit-for', { site: site.site })}
                isBusy={renew.isRunning}
                onClick={() => void renew.run()}
              >
                {words('sites-new-circuit')}
              </Button>
            </Tooltip>
            {!isOnion(site.site) && (
              <Button icon={MapPin} onClick={() => setDialog('country')}>
                {words('sites-appear')}
              </Button>
            )}
          </>
        )}
        <Menu icon={Ellipsis} label={words('sites-more', { site: site.site })} entries={entries} />
      </div>
      <Outcome {...{ renew, rules, site: site.site }} />
      <Dialogs site={site} circuit={circuit} dialog={dialog} onClose={() => setDialog(undefined)} />
    </>
  )
}

/** Says under the row what became of the last decision. */
function Outcome({
  renew,
  rules,
  site,
}: {
  readonly renew: ReturnType<typeof useNewCircuit>
  readonly rules: Rules
  readonly site: string
}): ReactNode {
  const words = useWords()
  const error = renew.error ?? rules.save.error
  if (error === undefined && !renew.isDone) return null
  return (
    <div className="basis-full">
      {renew.isDone && error === undefined && (
        <p data-testid="renewed" className="text-soft">
          {words('sites-new-circuit-done', { site })}
        </p>
      )}
      <ErrorNote error={error} />
    </div>
  )
}

function useNewCircuit(site: string): {
  readonly run: () => Promise<void>
  readonly isRunning: boolean
  readonly isDone: boolean
  readonly error: CommandHandle<'site.new-circuit'>['error']
} {
  const words = useWords()
  const { run, isRunning, error } = useCommand('site.new-circuit')
  const [isDone, setIsDone] = useState(false)
  return {
    isRunning,
    isDone,
    error,
    async run() {
      const outcome = await run(site)
      setIsDone(outcome.ok)
      if (outcome.ok) announce(words('sites-new-circuit-done', { site }))
    },
  }
}

interface Rules {
  readonly save: CommandHandle<'site.set-policy'>
  readonly block: () => Promise<void>
  readonly clear: () => Promise<void>
}

function useRules(site: string): Rules {
  const words = useWords()
  const save = useCommand('site.set-policy')
  const set = async (isBlocked: boolean): Promise<void> => {
    const outcome = await save.run({ site, isBlocked, exitCountry: null, pinForMs: null })
    if (outcome.ok)
      announce(words(isBlocked ? 'sites-blocked-announce' : 'sites-unblocked-announce', { site }))
  }
  return { save, block: () => set(true), clear: () => set(false) }
}

function useMenuEntries(
  { site, policy }: SiteView,
  circuit: CircuitView | undefined,
  { onDialog, rules }: { onDialog: (dialog: OpenDialog) => void; rules: Rules },
): readonly MenuEntry[] {
  const words = useWords()
  const hasExitRule = policy.exitCountry !== undefined || policy.pin !== undefined
  const pinFault = isOnion(site)
    ? words('sites-pin-fault-onion')
    : exitOf(circuit) === undefined
      ? words('sites-pin-fault')
      : undefined
  const pin: MenuEntry = {
    id: 'pin',
    label: words('sites-pin'),
    icon: Pin,
    fault: pinFault,
    onChoose: () => onDialog('pin'),
  }
  const clear: MenuEntry = {
    id: 'clear',
    label: words('sites-clear-rules'),
    icon: CircleOff,
    onChoose: () => void rules.clear(),
  }
  const block: MenuEntry = {
    id: 'block',
    label: words('sites-block'),
    icon: Ban,
    onChoose: () => void rules.block(),
  }
  const forget: MenuEntry = {
    id: 'forget',
    label: words('sites-forget'),
    icon: Eraser,
    isDangerous: true,
    onChoose: () => onDialog('forget'),
  }
  return [...(policy.isBlocked ? [] : [pin, ...(hasExitRule ? [clear] : []), block]), forget]
}

/** The relay that could be kept; a circuit that is not finished has none. */
function exitOf(circuit: CircuitView | undefined): CircuitView['hops'][number] | undefined {
  return circuit?.state === 'open' && circuit.purpose === 'exit' ? circuit.hops.at(-1) : undefined
}

function Dialogs({
  site: { site, policy },
  circuit,
  dialog,
  onClose,
}: SiteActionsProps & { readonly dialog: OpenDialog; readonly onClose: () => void }): ReactNode {
  const exit = exitOf(circuit)
  return (
    <>
      {dialog === 'country' && <CountryDialog site={site} policy={policy} onClose={onClose} />}
      {dialog === 'pin' && exit !== undefined && (
        <PinDialog site={site} policy={policy} exit={exit} onClose={onClose} />
      )}
      <ForgetDialog site={site} isOpen={dialog === 'forget'} onClose={onClose} />
    </>
  )
}

function ForgetDialog({
  site,
  isOpen,
  onClose,
}: {
  readonly site: string
  readonly isOpen: boolean
  readonly onClose: () => void
}): ReactNode {
  const words = useWords()
  const forget = useCommand('site.forget')
  const confirm = async (): Promise<void> => {
    const outcome = await forget.run(site)
    if (!outcome.ok) return
    announce(words('sites-forgotten', { site }))
    onClose()
  }
  return (
    <ConfirmDialog
      isOpen={isOpen}
      title={words('sites-forget-title', { site })}
      about={words('sites-forget-about')}
      confirmLabel={words('sites-forget-confirm')}
      isDangerous
      isBusy={forget.isRunning}
      error={forget.error}
      onConfirm={() => void confirm()}
      onClose={onClose}
    />
  )
}
