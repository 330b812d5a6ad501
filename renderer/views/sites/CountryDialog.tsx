/** Where a site is to see the person: the countries that have exits now, and what choosing one costs. */
import { type ReactNode, useEffect, useMemo, useState } from 'react'
import type { CommandError } from '../../../electron/ipc/contract.ts'
import type { ExitCountryView, SitePolicyView } from '../../../electron/ipc/snapshot-circuits.ts'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { Field } from '../../components/Field.tsx'
import { Notice } from '../../components/Notice.tsx'
import { type CommandHandle, useCommand } from '../../state/use-command.ts'
import { useFormat, useWords, type WordsFunction } from '../../words/words.tsx'
import { CountryList } from './CountryList.tsx'
import { countryRows } from './country-rows.ts'
import { CostNote } from './CostNote.tsx'

interface CountryDialogProps {
  readonly site: string
  readonly policy: SitePolicyView | undefined
  readonly onClose: () => void
}

/** Mounted while it is open: each time it asks anew which exits there are. */
export function CountryDialog(props: CountryDialogProps): ReactNode {
  const words = useWords()
  const format = useFormat()
  const { site, onClose } = props
  const [search, setSearch] = useState('')
  const { list, save, chosen, setChosen, found, isGone, mayApply, apply } = useCountryChoice(props)
  const rows = useMemo(
    () => countryRows(list.countries ?? [], search, format.country),
    [list.countries, search, format],
  )
  return (
    <Dialog
      isOpen
      title={words('sites-country-title', { site })}
      about={words('sites-country-about')}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{words('common-cancel')}</Button>
          <Button kind="primary" isBusy={save.isRunning} disabled={!mayApply} onClick={() => void apply()}>
            {buttonText(chosen, props.policy, words, format)}
          </Button>
        </>
      }
    >
      <Field
        label={words('sites-country-search')}
        isLabelHidden
        type="search"
        placeholder={words('sites-country-search')}
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      {list.isRunning && <p className="text-soft">{words('sites-country-loading')}</p>}
      <ErrorNote error={list.error} />
      {list.countries !== undefined && <CountryList rows={rows} chosen={chosen} onChoose={setChosen} />}
      {isGone && (
        <Notice tone="bad">{words('sites-country-gone', { country: format.country(chosen ?? '') })}</Notice>
      )}
      <Replaced policy={props.policy} />
      {found !== undefined && <CostNote country={found} />}
      <SaveFault error={save.error} />
    </Dialog>
  )
}

/** A site has one rule: that which was there is gone, and a block with it. */
function Replaced({ policy }: Pick<CountryDialogProps, 'policy'>): ReactNode {
  const words = useWords()
  if (policy?.isBlocked === true) return <Notice tone="bad">{words('sites-country-unblocks')}</Notice>
  if (policy?.pin === undefined) return null
  return <p className="text-soft">{words('sites-country-replaces-pin')}</p>
}

function buttonText(
  chosen: string | undefined,
  policy: SitePolicyView | undefined,
  words: WordsFunction,
  format: ReturnType<typeof useFormat>,
): string {
  if (chosen === undefined) return words('sites-country-use-any')
  const country = format.country(chosen)
  return policy?.isBlocked === true
    ? words('sites-country-unblock-and-use', { country })
    : words('sites-country-use', { country })
}

/** The core knows which names are only parts of a site. */
function SaveFault({ error }: { readonly error: CommandError | undefined }): ReactNode {
  const words = useWords()
  return error?.kind === 'bad-target' ? (
    <div role="alert">
      <Notice tone="bad">{words('sites-add-whole')}</Notice>
    </div>
  ) : (
    <ErrorNote error={error} />
  )
}

function useCountryChoice({ site, policy, onClose }: CountryDialogProps): {
  readonly list: ReturnType<typeof useExitCountries>
  readonly save: CommandHandle<'site.set-policy'>
  /** Undefined is any country. */
  readonly chosen: string | undefined
  readonly setChosen: (country: string | undefined) => void
  readonly found: ExitCountryView | undefined
  /** The country of the rule has no exit any more. */
  readonly isGone: boolean
  readonly mayApply: boolean
  readonly apply: () => Promise<void>
} {
  const words = useWords()
  const format = useFormat()
  const list = useExitCountries()
  const save = useCommand('site.set-policy')
  const [chosen, setChosen] = useState<string | undefined>(policy?.exitCountry)
  const found = list.countries?.find(({ country }) => country === chosen)
  const isGone = list.countries !== undefined && chosen !== undefined && found === undefined
  const apply = async (): Promise<void> => {
    const outcome = await save.run({ site, isBlocked: false, exitCountry: chosen ?? null, pinForMs: null })
    if (!outcome.ok) return
    announce(
      chosen === undefined
        ? words('sites-country-any-announce', { site })
        : words('sites-country-set-announce', { site, country: format.country(chosen) }),
    )
    onClose()
  }
  const mayApply = list.countries !== undefined && !isGone && chosen !== policy?.exitCountry
  return { list, save, chosen, setChosen, found, isGone, mayApply, apply }
}

function useExitCountries(): Pick<ReturnType<typeof useCommand>, 'error' | 'isRunning'> & {
  readonly countries: readonly ExitCountryView[] | undefined
} {
  const { run, error, isRunning } = useCommand('exit-countries.list')
  const [countries, setCountries] = useState<readonly ExitCountryView[] | undefined>(undefined)
  useEffect(() => {
    let isOver = false
    void run().then((outcome) => {
      if (outcome.ok && !isOver) setCountries(outcome.value)
    })
    return () => {
      isOver = true
    }
  }, [run])
  return { countries, error, isRunning }
}
