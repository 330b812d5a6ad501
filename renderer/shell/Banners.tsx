/** What must be known before anything else is believed: a demonstration, an outdated runtime, settings that were lost. */
import { FlaskConical, type LucideIcon, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button } from '../components/Button.tsx'
import { classNames } from '../components/class-names.ts'
import { Notice } from '../components/Notice.tsx'
import type { FileTrouble } from '../../electron/ipc/file-trouble.ts'
import { showView } from '../state/navigation.ts'
import { useSnapshot } from '../state/store.ts'
import { useWords } from '../words/words.tsx'

/** Above every view, and never to be closed: it stays true. */
export function Strips(): ReactNode {
  const words = useWords()
  const { isDemo, isTestRuntime } = useSnapshot((snapshot) => snapshot.about)
  if (!isDemo && !isTestRuntime) return null
  return (
    <aside aria-label={words('app-warnings')} className="shrink-0">
      {isDemo && (
        <Strip
          icon={FlaskConical}
          ink="text-accent"
          title={words('app-demo')}
          text={words('app-demo-about')}
        />
      )}
      {isTestRuntime && (
        <Strip
          icon={TriangleAlert}
          ink="text-warn"
          title={words('app-test-runtime')}
          text={words('app-test-runtime-about')}
        />
      )}
    </aside>
  )
}

interface StripProps {
  readonly icon: LucideIcon
  readonly ink: string
  readonly title: string
  readonly text: string
}

function Strip({ icon: Icon, ink, title, text }: StripProps): ReactNode {
  return (
    <p className="flex items-start gap-2 border-b border-line bg-sunken px-4 py-1.5 text-[0.8125rem]">
      <Icon aria-hidden className={classNames('mt-0.5 size-3.5 shrink-0', ink)} />
      <span>
        <span className={classNames('font-semibold', ink)}>{title}</span> {text}
      </span>
    </p>
  )
}

/** Above the view: files that this start could not use. */
export function FileTroubles(): ReactNode {
  const settings = useSnapshot((snapshot) => snapshot.settingsTrouble)
  const bridges = useSnapshot((snapshot) => snapshot.bridges.trouble)
  return (
    <>
      {settings !== undefined && <FileTroubleNotice trouble={settings} file="settings" />}
      {bridges !== undefined && <FileTroubleNotice trouble={bridges} file="bridges" />}
    </>
  )
}

interface FileTroubleProps {
  readonly trouble: FileTrouble
  /** Its view has the same name. */
  readonly file: 'settings' | 'bridges'
}

function FileTroubleNotice({ trouble: { backupName }, file }: FileTroubleProps): ReactNode {
  const words = useWords()
  return (
    <Notice
      tone="warn"
      title={words(`app-${file}-trouble`)}
      action={<Button onClick={() => showView(file)}>{words(`app-${file}-trouble-action`)}</Button>}
    >
      <p>
        {backupName === undefined
          ? words(`app-${file}-trouble-unread`)
          : words(`app-${file}-trouble-about`, { file: backupName })}
      </p>
    </Notice>
  )
}
