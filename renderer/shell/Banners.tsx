/** What must be known before anything else is believed: a demonstration, an outdated runtime, settings that were lost. */
import type { ReactNode } from 'react'
import { Button } from '../components/Button.tsx'
import { Notice } from '../components/Notice.tsx'
import { showView } from '../state/navigation.ts'
import { useSnapshot } from '../state/store.ts'
import { useWords } from '../words/words.tsx'

export function Banners(): ReactNode {
  const words = useWords()
  const isDemo = useSnapshot((snapshot) => snapshot.about.isDemo)
  const isTestRuntime = useSnapshot((snapshot) => snapshot.about.isTestRuntime)
  const settingsTrouble = useSnapshot((snapshot) => snapshot.settingsTrouble)
  return (
    <>
      {isDemo && <Notice title={words('app-demo')}>{words('app-demo-about')}</Notice>}
      {isTestRuntime && (
        <Notice tone="warn" title={words('app-test-runtime')}>
          {words('app-test-runtime-about')}
        </Notice>
      )}
      {settingsTrouble !== undefined && (
        <Notice
          tone="warn"
          title={words('app-settings-trouble')}
          action={
            <Button onClick={() => showView('settings')}>{words('app-settings-trouble-action')}</Button>
          }
        >
          {words('app-settings-trouble-about', { file: settingsTrouble.backupName })}
        </Notice>
      )}
    </>
  )
}
