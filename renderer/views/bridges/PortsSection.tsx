/** The ports that a firewall lets through. */
import { type ReactNode, useState } from 'react'
import { Button } from '../../components/Button.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { Field } from '../../components/Field.tsx'
import { Switch } from '../../components/Switch.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useWords, type WordsFunction } from '../../words/words.tsx'
import { type PortsResult, readPorts } from './network-fields.ts'
import { type OptionalSetting, useOptionalSetting } from './use-optional-setting.ts'

/** What every firewall lets through that lets through anything. */
const USUAL_PORTS = '80, 443'

export function PortsSection(): ReactNode {
  const words = useWords()
  const ports = useSnapshot((snapshot) => snapshot.settings.allowedPorts)
  const setting = useOptionalSetting(ports !== null, { allowedPorts: null })
  const inForce = ports?.join(', ')
  return (
    <div className="flex flex-col gap-3">
      <Switch
        label={words('bridges-ports')}
        about={words('bridges-ports-hint')}
        isOn={setting.isOpen}
        isBusy={setting.isRunning}
        onChange={setting.switchTo}
      />
      {setting.isOpen && <PortsForm key={inForce ?? ''} inForce={inForce} setting={setting} />}
      <ErrorNote error={setting.error} />
    </div>
  )
}

interface PortsFormProps {
  readonly inForce: string | undefined
  readonly setting: OptionalSetting
}

function PortsForm({ inForce, setting }: PortsFormProps): ReactNode {
  const words = useWords()
  const [text, setText] = useState(inForce ?? USUAL_PORTS)
  const [isTouched, setIsTouched] = useState(false)
  const result = readPorts(text)
  const isChanged = text !== inForce
  return (
    <form
      className="flex flex-wrap items-end gap-2"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        setIsTouched(true)
        if (result.ok) setting.save({ allowedPorts: [...result.ports] })
      }}
    >
      <div className="min-w-0 grow basis-64">
        <Field
          label={words('bridges-ports-label')}
          value={text}
          dir="ltr"
          inputMode="numeric"
          fault={isTouched ? faultOf(result, words) : undefined}
          onChange={(event) => setText(event.target.value)}
          onBlur={() => setIsTouched(true)}
        />
      </div>
      <Button type="submit" kind="primary" disabled={!isChanged} isBusy={setting.isRunning}>
        {words('common-save')}
      </Button>
      {isChanged && inForce !== undefined && (
        <Button onClick={() => setText(inForce)}>{words('bridges-undo')}</Button>
      )}
    </form>
  )
}

function faultOf(result: PortsResult, words: WordsFunction): string | undefined {
  if (result.ok) return undefined
  return result.fault === 'not-a-port'
    ? words('bridges-ports-not-a-port', { text: result.text })
    : words(`bridges-ports-${result.fault}`)
}
