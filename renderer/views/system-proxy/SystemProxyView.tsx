/** The system's own proxy setting: on or off, what it does and what it cannot do, and the lines for everything else. */
import type { ReactNode } from 'react'
import { Card } from '../../components/Card.tsx'
import { Notice } from '../../components/Notice.tsx'
import { ViewHeader } from '../../components/ViewHeader.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useWords } from '../../words/words.tsx'
import { Addresses } from './Addresses.tsx'
import { Exceptions } from './Exceptions.tsx'
import { Limits } from './Limits.tsx'
import { Code, Programs } from './Programs.tsx'
import { Protection } from './Protection.tsx'
import { StateCard } from './StateCard.tsx'

/** Restores without a window; the command line knows it by this name. */
const RESTORE_COMMAND = 'allium --restore-system-proxy'

export function SystemProxyView(): ReactNode {
  const words = useWords()
  const isSupported = useSnapshot((snapshot) => snapshot.systemProxy.backend !== undefined)
  const restoredAtStart = useSnapshot((snapshot) => snapshot.systemProxy.restoredAtStart)
  return (
    <>
      <ViewHeader title={words('system-proxy-title')} about={words('system-proxy-intro')} />
      {restoredAtStart && (
        <Notice tone="good" title={words('system-proxy-restored-title')}>
          <p>{words('system-proxy-restored-about')}</p>
        </Notice>
      )}
      {isSupported ? (
        <StateCard />
      ) : (
        <Notice tone="warn" title={words('system-proxy-unsupported-title')}>
          <p>{words('system-proxy-unsupported-about')}</p>
        </Notice>
      )}
      <Protection />
      <Limits />
      {isSupported && <Exceptions />}
      <Addresses />
      <Programs />
      {isSupported && (
        <Card title={words('system-proxy-rescue')} about={words('system-proxy-rescue-about')}>
          <Code text={RESTORE_COMMAND} copyLabel={words('system-proxy-rescue-copy')} />
        </Card>
      )}
    </>
  )
}
