/** A rule for a site that was not visited yet. */
import { type ReactNode, useId, useState } from 'react'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { Field } from '../../components/Field.tsx'
import { SegmentedControl } from '../../components/SegmentedControl.tsx'
import { useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'
import { hostIn } from './site-names.ts'

const RULES = ['country', 'block'] as const
type Rule = (typeof RULES)[number]

interface AddSiteDialogProps {
  readonly onClose: () => void
  /** The person goes on to choose a country for this site. */
  readonly onCountry: (site: string) => void
}

export function AddSiteDialog({ onClose, onCountry }: AddSiteDialogProps): ReactNode {
  const words = useWords()
  const form = useId()
  const save = useCommand('site.set-policy')
  const [name, setName] = useState('')
  const [rule, setRule] = useState<Rule>('country')
  const [isFaulty, setIsFaulty] = useState(false)
  const submit = async (): Promise<void> => {
    const site = hostIn(name)
    setIsFaulty(site === undefined)
    if (site === undefined) return
    if (rule === 'country') {
      onCountry(site)
      return
    }
    const outcome = await save.run({ site, isBlocked: true, exitCountry: null, pinForMs: null })
    if (!outcome.ok) return
    announce(words('sites-blocked-announce', { site }))
    onClose()
  }
  // The core knows which names are parts of a site; we do not.
  const isPart = save.error?.kind === 'bad-target'
  const fault = isFaulty ? words('sites-add-fault') : isPart ? words('sites-add-whole') : undefined
  return (
    <Dialog
      isOpen
      title={words('sites-add')}
      about={words('sites-add-about')}
      onClose={onClose}
      actions={<Actions {...{ form, rule, onClose }} isBusy={save.isRunning} />}
    >
      <form
        id={form}
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <Field
          label={words('sites-add-name')}
          placeholder={words('sites-add-example')}
          value={name}
          fault={fault}
          onChange={(event) => {
            setName(event.target.value)
            setIsFaulty(false)
            save.clearError()
          }}
        />
        <SegmentedControl
          label={words('sites-add-rule')}
          value={rule}
          options={RULES.map((value) => ({ value, label: words(`sites-add-${value}`) }))}
          onChange={setRule}
        />
        {!isPart && <ErrorNote error={save.error} />}
      </form>
    </Dialog>
  )
}

function Actions({
  form,
  rule,
  isBusy,
  onClose,
}: {
  readonly form: string
  readonly rule: Rule
  readonly isBusy: boolean
  readonly onClose: () => void
}): ReactNode {
  const words = useWords()
  return (
    <>
      <Button onClick={onClose}>{words('common-cancel')}</Button>
      <Button kind="primary" type="submit" form={form} isBusy={isBusy}>
        {rule === 'block' ? words('sites-add-block') : words('sites-add-next')}
      </Button>
    </>
  )
}
