/** What this program is made of, how old its built-in data is, and whose work is in it. */
import type { ReactNode } from 'react'
import { Card } from '../../components/Card.tsx'
import { CopyButton } from '../../components/CopyButton.tsx'
import { Notice } from '../../components/Notice.tsx'
import { ViewHeader } from '../../components/ViewHeader.tsx'
import { Logo } from '../../shell/Logo.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useFormat, useWords } from '../../words/words.tsx'

const WORKS = ['ipfire', 'natural-earth', 'world-atlas', 'inter', 'flags', 'icons', 'bridges'] as const

export function AboutView(): ReactNode {
  const words = useWords()
  const isTestRuntime = useSnapshot((snapshot) => snapshot.about.isTestRuntime)
  return (
    <div className="mx-auto flex w-full max-w-4xl flex-col gap-4">
      <ViewHeader title={words('about-title')} />
      <Card>
        <div className="flex items-start gap-4">
          <span className="flex size-14 shrink-0 items-center justify-center rounded-card bg-accent/12">
            <Logo />
          </span>
          <div className="flex flex-col gap-1.5">
            <p className="max-w-prose">{words('about-what')}</p>
            <p className="max-w-prose text-soft">{words('about-not')}</p>
          </div>
        </div>
      </Card>
      <Versions />
      {isTestRuntime && (
        <Notice tone="warn" title={words('app-test-runtime')}>
          {words('app-test-runtime-about')}
        </Notice>
      )}
      <BuiltInData />
      <Card title={words('about-works')}>
        <dl className="flex flex-col gap-2">
          {WORKS.map((work) => (
            <div key={work}>
              <dt className="font-medium">{words(`about-${work}`)}</dt>
              <dd className="max-w-prose text-soft">{words(`about-${work}-licence`)}</dd>
            </div>
          ))}
        </dl>
      </Card>
    </div>
  )
}

function Versions(): ReactNode {
  const words = useWords()
  const about = useSnapshot((snapshot) => snapshot.about)
  const rows = [
    [words('app-name'), about.version],
    ['Electron', about.electronVersion],
    ['Chromium', about.chromeVersion],
    ['Node.js', about.nodeVersion],
    [words('about-system'), `${about.platform} ${about.arch}`],
  ] as const
  const text = rows.map(([name, value]) => `${name}: ${value}`).join('\n')
  return (
    <Card
      title={words('about-versions')}
      actions={<CopyButton isWide text={text} label={words('about-copy')} />}
    >
      <Rows rows={rows} />
    </Card>
  )
}

function BuiltInData(): ReactNode {
  const words = useWords()
  const format = useFormat()
  const dates = useSnapshot((snapshot) => snapshot.about.dataDates)
  return (
    <Card title={words('about-data')} about={words('about-data-about')}>
      <Rows
        rows={[
          [words('about-data-relays'), format.day(dates.relays)],
          [words('about-data-bridges'), format.day(dates.bridges)],
          [words('about-data-countries'), format.day(dates.countries)],
        ]}
      />
    </Card>
  )
}

function Rows({ rows }: { readonly rows: readonly (readonly [name: string, value: string])[] }): ReactNode {
  return (
    <dl className="grid grid-cols-[minmax(8rem,auto)_1fr] gap-x-6 gap-y-1">
      {rows.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-soft">{name}</dt>
          <dd className="copyable tabular font-medium">{value}</dd>
        </div>
      ))}
    </dl>
  )
}
