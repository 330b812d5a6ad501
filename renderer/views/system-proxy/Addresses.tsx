/** Where the two front doors are, for programs with a proxy setting of their own. */
import type { ReactNode } from 'react'
import type { ProxyAddress } from '../../../electron/ipc/snapshot.ts'
import { Button } from '../../components/Button.tsx'
import { Card } from '../../components/Card.tsx'
import { CopyButton } from '../../components/CopyButton.tsx'
import { Notice } from '../../components/Notice.tsx'
import { showView } from '../../state/navigation.ts'
import { useSnapshot } from '../../state/store.ts'
import { useWords } from '../../words/words.tsx'
import { addressText } from './address-text.ts'

export function Addresses(): ReactNode {
  const words = useWords()
  const proxies = useSnapshot((snapshot) => snapshot.proxies)
  return (
    <Card title={words('system-proxy-addresses')} about={words('system-proxy-addresses-about')}>
      <dl className="grid grid-cols-[repeat(auto-fit,minmax(min(15rem,100%),1fr))] gap-3">
        {(['socks', 'http'] as const).map((door) => (
          <div
            key={door}
            className="flex items-center justify-between gap-2 rounded-control bg-sunken px-3 py-1.5"
          >
            <dt className="shrink-0 text-soft">{words(`system-proxy-${door}`)}</dt>
            <dd className="flex min-w-0 items-center gap-1">
              <Door address={proxies[door]} label={words(`system-proxy-copy-${door}`)} />
            </dd>
          </div>
        ))}
      </dl>
      {proxies.trouble !== undefined && (
        <Notice
          tone="bad"
          action={<Button onClick={() => showView('settings')}>{words('system-proxy-open-settings')}</Button>}
        >
          {/* A port is a name here, not an amount: it is written without separators. */}
          <p>{words('system-proxy-port-trouble', { port: String(proxies.trouble.port) })}</p>
        </Notice>
      )}
    </Card>
  )
}

function Door({
  address,
  label,
}: {
  readonly address: ProxyAddress | undefined
  readonly label: string
}): ReactNode {
  const words = useWords()
  if (address === undefined)
    return <span className="py-1 text-xs text-soft">{words('system-proxy-no-door')}</span>
  const text = addressText(address)
  return (
    <>
      <bdi dir="ltr" className="copyable tabular min-w-0 truncate font-mono text-[0.8125rem]">
        {text}
      </bdi>
      <CopyButton text={text} label={label} />
    </>
  )
}
