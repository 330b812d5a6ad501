/** How Allium starts, looks and speaks up. */
import type { ReactNode } from 'react'
import type { Settings } from '../../../electron/ipc/settings.ts'
import { Button } from '../../components/Button.tsx'
import { Card } from '../../components/Card.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { Notice } from '../../components/Notice.tsx'
import { Select } from '../../components/Select.tsx'
import { Switch } from '../../components/Switch.tsx'
import { showView } from '../../state/navigation.ts'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { LOCALES } from '../../words/locales.ts'
import { useFormat, useWords } from '../../words/words.tsx'
import { useNeedsBridge } from '../connect/state-words.ts'
import { ConnectAtStart } from '../connect/Switches.tsx'

export function StartCard(): ReactNode {
  const words = useWords()
  const canStartAtLogin = useSnapshot((snapshot) => snapshot.about.canStartAtLogin)
  return (
    <Card title={words('settings-start')}>
      <ConnectAtStart />
      {canStartAtLogin && <SettingSwitch name="startAtLogin" word="start-at-login" />}
    </Card>
  )
}

/** The answer of the first run, changed. */
export function EntryCard(): ReactNode {
  const words = useWords()
  const entry = useSnapshot((snapshot) => snapshot.settings.entry)
  const needsBridge = useNeedsBridge()
  const change = useCommand('entry.choose')
  return (
    <Card title={words('settings-entry')}>
      <Switch
        label={words('settings-hide')}
        about={words('settings-hide-about')}
        isOn={entry === 'hide'}
        isBusy={change.isRunning}
        onChange={(isOn) => void change.run(isOn ? 'hide' : 'direct')}
      />
      {needsBridge && (
        <Notice
          tone="warn"
          action={<Button onClick={() => showView('bridges')}>{words('connect-press-add-bridge')}</Button>}
        >
          <p>{words('connect-about-needs-bridge')}</p>
        </Notice>
      )}
      <ErrorNote error={change.error} />
    </Card>
  )
}

export function WindowCard(): ReactNode {
  const words = useWords()
  const { canNotify, hasTray } = useSnapshot((snapshot) => snapshot.about)
  return (
    <Card title={words('settings-window')}>
      <Appearance />
      {canNotify && <SettingSwitch name="notifications" word="notifications" />}
      {hasTray && <SettingSwitch name="closeToTray" word="close-to-tray" />}
    </Card>
  )
}

const THEMES = ['system', 'light', 'dark'] as const

function Appearance(): ReactNode {
  const words = useWords()
  const format = useFormat()
  const theme = useSnapshot((snapshot) => snapshot.settings.theme)
  const language = useSnapshot((snapshot) => snapshot.settings.language)
  const change = useCommand('settings.change')
  return (
    <>
      <div className="flex flex-wrap gap-x-6 gap-y-3">
        <Select
          label={words('settings-theme')}
          value={theme}
          options={THEMES.map((value) => ({ value, label: words(`settings-theme-${value}`) }))}
          onChange={(value) => void change.run({ theme: value })}
        />
        <Select
          label={words('settings-language')}
          value={language}
          options={[
            { value: 'system', label: words('settings-language-system') },
            ...LOCALES.map(({ tag }) => ({ value: tag, label: format.language(tag) })),
          ]}
          onChange={(value) => void change.run({ language: value })}
        />
      </div>
      <ErrorNote error={change.error} />
    </>
  )
}

type SwitchName = 'startAtLogin' | 'notifications' | 'closeToTray'

function SettingSwitch({
  name,
  word,
}: {
  readonly name: SwitchName
  readonly word: 'start-at-login' | 'notifications' | 'close-to-tray'
}): ReactNode {
  const words = useWords()
  const isOn = useSnapshot(({ settings }) => settings[name])
  const change = useCommand('settings.change')
  const changed = (value: boolean): Pick<Partial<Settings>, SwitchName> => ({ [name]: value })
  return (
    <>
      <Switch
        label={words(`settings-${word}`)}
        about={words(`settings-${word}-about`)}
        isOn={isOn}
        isBusy={change.isRunning}
        onChange={(value) => void change.run(changed(value))}
      />
      <ErrorNote error={change.error} />
    </>
  )
}
