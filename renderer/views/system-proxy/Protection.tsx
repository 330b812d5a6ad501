/** "Check protection": what was really seen of each thing that must be true, and one thing to do where it is not. */
import { CircleCheck, CircleHelp, CircleMinus, CircleX, type LucideIcon, ShieldQuestion } from 'lucide-react'
import { type ReactNode, useEffect, useRef } from 'react'
import type { ProtectionResult, ProtectionVerdict } from '../../../electron/ipc/snapshot.ts'
import { Ago } from '../../components/Ago.tsx'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { Card } from '../../components/Card.tsx'
import { classNames } from '../../components/class-names.ts'
import { CopyButton } from '../../components/CopyButton.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { useWords, type WordsFunction } from '../../words/words.tsx'
import { addressText } from './address-text.ts'
import { ProtectionFixButton } from './ProtectionFixButton.tsx'

const LOOKS: Readonly<Record<ProtectionVerdict, { readonly icon: LucideIcon; readonly ink: string }>> = {
  good: { icon: CircleCheck, ink: 'text-good' },
  bad: { icon: CircleX, ink: 'text-bad' },
  unknown: { icon: CircleHelp, ink: 'text-warn' },
  'not-used': { icon: CircleMinus, ink: 'text-soft' },
}

export function Protection(): ReactNode {
  const words = useWords()
  const protection = useSnapshot((snapshot) => snapshot.protection)
  const check = useCommand('protection.check')
  const isRunning = protection.isRunning || check.isRunning
  const { checkedAtMs, results } = protection
  useSummaryAnnouncement(checkedAtMs, results)
  const button = isRunning
    ? 'protection-running'
    : checkedAtMs === undefined
      ? 'protection-run'
      : 'protection-again'
  return (
    <Card
      title={words('protection-title')}
      about={words('protection-about')}
      actions={
        <Button icon={ShieldQuestion} isBusy={isRunning} onClick={() => void check.run()}>
          {words(button)}
        </Button>
      }
    >
      <ErrorNote error={check.error} />
      {checkedAtMs === undefined ? (
        <p className="text-soft">{words('protection-never')}</p>
      ) : (
        <>
          <p className="flex flex-wrap items-baseline gap-x-2">
            <span className="font-medium">{summaryOf(results, words)}</span>
            <span className="text-xs text-soft">
              <Ago atMs={checkedAtMs} />
            </span>
          </p>
          <ul className="flex flex-col divide-y divide-line">
            {results.map((result) => (
              <Row key={result.check} result={result} />
            ))}
          </ul>
          <ExitAddress address={protection.exitAddress} />
        </>
      )}
    </Card>
  )
}

function summaryOf(results: readonly ProtectionResult[], words: WordsFunction): string {
  const bad = results.filter(({ verdict }) => verdict === 'bad').length
  if (bad > 0) return words('protection-summary-bad', { count: bad })
  const isUnclear = results.some(({ verdict }) => verdict === 'unknown')
  return words(isUnclear ? 'protection-summary-unknown' : 'protection-summary-good')
}

function Row({ result }: { readonly result: ProtectionResult }): ReactNode {
  const words = useWords()
  const { check, verdict, fix, detail } = result
  const { icon: Icon, ink } = LOOKS[verdict]
  return (
    <li
      data-check={check}
      data-verdict={verdict}
      className="flex items-start gap-2.5 py-2 first:pt-0 last:pb-0"
    >
      <Icon aria-hidden className={classNames('mt-0.5 size-[1.125rem] shrink-0', ink)} />
      <div className="flex min-w-0 grow flex-wrap items-start justify-between gap-x-4 gap-y-1.5">
        <div className="min-w-0 grow basis-64">
          <p className="flex flex-wrap items-baseline gap-x-2">
            <span className="font-medium">{words(`protection-${check}`)}</span>
            <span className={classNames('text-xs font-medium', ink)}>
              {words(`protection-verdict-${verdict}`)}
            </span>
          </p>
          <p className="max-w-prose">{sayVerdict(result, words)}</p>
          {fix === 'use-proxy-with-names' && <AddressWithNames />}
          {detail !== undefined && verdict !== 'good' && (
            <details className="mt-0.5 text-soft">
              <summary className="w-fit">{words('common-details')}</summary>
              <p className="copyable mt-1 font-mono text-xs break-words">{detail}</p>
            </details>
          )}
        </div>
        <ProtectionFixButton fix={fix} />
      </div>
    </li>
  )
}

function sayVerdict({ check, verdict, fix, finding }: ProtectionResult, words: WordsFunction): string {
  if (fix === 'connect' && check !== 'system-proxy') return words('protection-not-connected')
  if (finding === 'impostor' && (check === 'stream' || check === 'exit')) {
    return words(`protection-${check}-impostor`)
  }
  return words(`protection-${check}-${verdict}`)
}

/** `h` for host: with it, programs hand names over instead of looking them up. */
function AddressWithNames(): ReactNode {
  const words = useWords()
  const socks = useSnapshot((snapshot) => snapshot.proxies.socks)
  return (
    <>
      <p className="max-w-prose text-soft">{words('protection-fix-use-proxy-with-names-about')}</p>
      {socks !== undefined && (
        <p className="flex items-center gap-1">
          <bdi dir="ltr" className="copyable tabular font-mono text-[0.8125rem]">
            {`socks5h://${addressText(socks)}`}
          </bdi>
          <CopyButton
            text={`socks5h://${addressText(socks)}`}
            label={words('protection-copy-names-address')}
          />
        </p>
      )}
    </>
  )
}

function ExitAddress({ address }: { readonly address: string | undefined }): ReactNode {
  const words = useWords()
  if (address === undefined) return null
  return (
    <p className="flex items-center gap-1.5 border-t border-line pt-2">
      <span className="text-soft">{words('protection-exit-address')}</span>
      <bdi dir="ltr" className="copyable tabular min-w-0 truncate font-mono text-[0.8125rem]">
        {address}
      </bdi>
      <CopyButton text={address} label={words('protection-copy-address')} />
    </p>
  )
}

/** The result of a check that ends while the view is open is told, not only shown. */
function useSummaryAnnouncement(checkedAtMs: number | undefined, results: readonly ProtectionResult[]): void {
  const words = useWords()
  const before = useRef(checkedAtMs)
  useEffect(() => {
    if (before.current === checkedAtMs) return
    before.current = checkedAtMs
    announce(summaryOf(results, words))
  }, [checkedAtMs, results, words])
}
