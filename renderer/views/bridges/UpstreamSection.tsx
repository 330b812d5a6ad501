/** The proxy that a network makes everybody go through. */
import { TriangleAlert } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { Button } from '../../components/Button.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { Field } from '../../components/Field.tsx'
import { Select } from '../../components/Select.tsx'
import { Switch } from '../../components/Switch.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useWords } from '../../words/words.tsx'
import { draftOf, readUpstream, type UpstreamDraft, type UpstreamFaults } from './network-fields.ts'
import { type OptionalSetting, useOptionalSetting } from './use-optional-setting.ts'

export function UpstreamSection(): ReactNode {
  const words = useWords()
  const upstream = useSnapshot((snapshot) => snapshot.settings.upstreamProxy)
  const setting = useOptionalSetting(upstream !== null, { upstreamProxy: null })
  return (
    <div className="flex flex-col gap-3">
      <Switch
        label={words('bridges-upstream')}
        about={words('bridges-upstream-hint')}
        isOn={setting.isOpen}
        isBusy={setting.isRunning}
        onChange={setting.switchTo}
      />
      {setting.isOpen && (
        <UpstreamForm
          // Another value in force is another form: what was typed has been saved, or somebody else changed it.
          key={JSON.stringify(upstream)}
          inForce={upstream === null ? undefined : draftOf(upstream)}
          setting={setting}
        />
      )}
      <ErrorNote error={setting.error} />
    </div>
  )
}

interface UpstreamFormProps {
  readonly inForce: UpstreamDraft | undefined
  readonly setting: OptionalSetting
}

function UpstreamForm({ inForce, setting }: UpstreamFormProps): ReactNode {
  const words = useWords()
  const [draft, setDraft] = useState(inForce ?? draftOf(null))
  const [isTried, setIsTried] = useState(false)
  const result = readUpstream(draft)
  const faults = !isTried || result.ok ? {} : result.faults
  const isChanged = JSON.stringify(draft) !== JSON.stringify(inForce)
  return (
    <form
      className="flex flex-col gap-3"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        setIsTried(true)
        if (result.ok) setting.save({ upstreamProxy: result.setting })
      }}
    >
      <UpstreamFields
        draft={draft}
        faults={faults}
        isSameUser={inForce !== undefined && isSameUser(draft, inForce)}
        onChange={setDraft}
      />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" kind="primary" disabled={!isChanged} isBusy={setting.isRunning}>
          {words('common-save')}
        </Button>
        {isChanged && inForce !== undefined && (
          <Button onClick={() => setDraft(inForce)}>{words('bridges-undo')}</Button>
        )}
      </div>
    </form>
  )
}

interface UpstreamFieldsProps {
  readonly draft: UpstreamDraft
  readonly faults: UpstreamFaults
  /** A stored password goes with its proxy and its user. */
  readonly isSameUser: boolean
  readonly onChange: (draft: UpstreamDraft) => void
}

function UpstreamFields({ draft, faults, isSameUser, onChange }: UpstreamFieldsProps): ReactNode {
  const words = useWords()
  return (
    <>
      <div className="flex flex-wrap gap-3">
        <Select
          label={words('bridges-upstream-kind')}
          value={draft.kind}
          options={(['socks5', 'socks4', 'http'] as const).map((kind) => ({
            value: kind,
            label: words(`bridges-upstream-${kind}`),
          }))}
          onChange={(kind) => onChange({ ...draft, kind })}
        />
        <div className="min-w-0 grow basis-48">
          <Field
            label={words('bridges-upstream-host')}
            value={draft.host}
            dir="ltr"
            fault={faults.host && words(`bridges-upstream-host-${faults.host}`)}
            onChange={(event) => onChange({ ...draft, host: event.target.value })}
          />
        </div>
        <div className="w-28">
          <Field
            label={words('bridges-upstream-port')}
            value={draft.port}
            dir="ltr"
            inputMode="numeric"
            maxLength={5}
            fault={faults.port && words(`bridges-upstream-port-${faults.port}`)}
            onChange={(event) => onChange({ ...draft, port: event.target.value })}
          />
        </div>
      </div>
      {draft.kind !== 'socks4' && (
        <CredentialFields draft={draft} faults={faults} isSameUser={isSameUser} onChange={onChange} />
      )}
    </>
  )
}

function CredentialFields({ draft, faults, isSameUser, onChange }: UpstreamFieldsProps): ReactNode {
  const words = useWords()
  const stored = useSnapshot((snapshot) => (isSameUser ? snapshot.upstreamPassword : 'none'))
  return (
    <>
      <div className="flex flex-wrap gap-3">
        <div className="min-w-0 grow basis-48">
          <Field
            label={words('bridges-upstream-username')}
            value={draft.username}
            fault={faults.username && words(`bridges-upstream-username-${faults.username}`)}
            onChange={(event) => onChange({ ...draft, username: event.target.value })}
          />
        </div>
        <div className="min-w-0 grow basis-48">
          <Field
            label={words('bridges-upstream-password')}
            type="password"
            autoComplete="new-password"
            placeholder={
              stored === 'encrypted' || stored === 'plain'
                ? words('bridges-upstream-password-stored')
                : undefined
            }
            value={draft.password}
            fault={faults.password && words(`bridges-upstream-password-${faults.password}`)}
            onChange={(event) => onChange({ ...draft, password: event.target.value })}
          />
        </div>
      </div>
      {(stored === 'plain' || stored === 'locked') && (
        <p data-stored={stored} className="flex max-w-prose items-start gap-2">
          <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
          {words(`bridges-upstream-password-${stored}`)}
        </p>
      )}
    </>
  )
}

function isSameUser(one: UpstreamDraft, other: UpstreamDraft): boolean {
  return one.host === other.host && one.port === other.port && one.username === other.username
}
